// A pass over all strings of the document with Boost.JSON's event parser, escapes decoded. Only
// requests whose prompt refers to something outside pay for it.
#include "proxy/session/file_references.hpp"

#include <bitset>
#include <string>

#include <boost/json/basic_parser_impl.hpp>

namespace proxy::session {
namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 512;     // inspect() has bounded it more tightly
constexpr std::size_t id_length_max = 128; // as in policies/access: a longer string is no file id

struct watcher {
  policies::key_id key;
  const stores::file_owners* files = nullptr;
  std::string text;                   // of the string at hand, cut at what no id exceeds
  bool names_id = false;              // the value that comes is a file's id, or a list of them
  std::bitset<depth_max + 1> outside; // names_id of the lists and objects around
  std::size_t depth = 0;
  bool clean = true;

  constexpr static std::size_t max_object_size = SIZE_MAX;
  constexpr static std::size_t max_array_size = SIZE_MAX;
  constexpr static std::size_t max_key_size = SIZE_MAX;
  constexpr static std::size_t max_string_size = SIZE_MAX;
  using error = boost::system::error_code;

  void add(json::string_view part) {
    const std::size_t room = id_length_max + 1 - std::min(text.size(), id_length_max + 1);
    text.append(part.data(), std::min(room, part.size()));
  }
  void judge() {
    const bool short_enough = text.size() <= id_length_max;
    if (names_id && !(short_enough && files->owns(key, text)))
      clean = false;
    if (short_enough && files->owned_by_other(key, text))
      clean = false;
    text.clear();
  }

  bool on_key_part(json::string_view part, std::size_t, error&) { return add(part), true; }
  bool on_key(json::string_view part, std::size_t, error&) {
    add(part);
    names_id = text == "file_id" || text == "file_ids";
    text.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error&) { return add(part), true; }
  bool on_string(json::string_view part, std::size_t, error&) {
    add(part);
    judge();
    return clean;
  }
  // What stands in a list of ids is one, also behind a list or an object within it.
  void enter() { outside[depth++] = names_id; }
  bool leave() { return names_id = outside[--depth], true; }
  bool on_array_end(std::size_t, error&) { return leave(); }
  bool on_object_end(std::size_t, error&) { return leave(); }
  bool on_object_begin(error&) { return enter(), names_id = false, true; }
  bool on_array_begin(error&) { return enter(), true; }
  bool on_document_begin(error&) { return true; }
  bool on_document_end(error&) { return true; }
  bool on_number_part(json::string_view, error&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error&) { return true; }
  bool on_double(double, json::string_view, error&) { return true; }
  bool on_bool(bool, error&) { return true; }
  bool on_null(error&) { return true; }
  bool on_comment_part(json::string_view, error&) { return true; }
  bool on_comment(json::string_view, error&) { return true; }
};

} // namespace

bool refers_to_own_files(std::string_view body, policies::key_id key,
                         const stores::file_owners& files) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::basic_parser<watcher> parser{options};
  parser.handler().key = key;
  parser.handler().files = &files;
  boost::system::error_code failed;
  parser.write_some(false, body.data(), body.size(), failed);
  return parser.handler().clean && !failed;
}

} // namespace proxy::session
