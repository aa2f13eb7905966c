// Boost.JSON's document keeps the last of two members with one name, and infinity for a number that
// is too large; its events tell of both.
#include "proxy/admin/json_object.hpp"

#include <cmath>
#include <set>

#include <boost/json/basic_parser_impl.hpp>

#include "proxy/admin/json_text.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;

// Remembers the names of every object that is open; stops at the first that comes again, and at a
// number that no double holds.
struct document_watch {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::vector<std::set<std::string, std::less<>>> open{};
  std::string name{}; // as far as it has come
  std::string last{};
  bool twice = false;
  bool infinite = false;

  bool on_object_begin(json::error_code&) { return open.emplace_back(), true; }
  bool on_object_end(std::size_t, json::error_code&) { return open.pop_back(), true; }
  bool on_key_part(json::string_view text, std::size_t, json::error_code&) {
    name += text;
    return true;
  }
  bool on_key(json::string_view text, std::size_t, json::error_code& error) {
    name += text;
    twice = !open.back().insert(name).second;
    last = std::move(name);
    name.clear();
    if (twice)
      error = make_error_code(boost::system::errc::invalid_argument);
    return !twice;
  }
  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double value, json::string_view, json::error_code& error) {
    infinite = !std::isfinite(value);
    if (infinite)
      error = make_error_code(boost::system::errc::value_too_large);
    return !infinite;
  }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

std::optional<problem> ambiguity_of(std::string_view body) {
  json::basic_parser<document_watch> parser{json::parse_options{}};
  json::error_code error;
  parser.write_some(false, body.data(), body.size(), error);
  const document_watch& seen = parser.handler();
  if (seen.twice)
    return problem{.message = shown(seen.last) + ": stands twice in one object",
                   .param = shown(seen.last)};
  if (seen.infinite)
    return problem{.message = shown(seen.last) + ": a number is larger than any that can be kept",
                   .param = shown(seen.last)};
  return std::nullopt;
}

} // namespace

answer<json::object> parse_object(std::string_view body) {
  if (body.empty())
    return json::object{};
  json::error_code error;
  json::value value = json::parse(body, error);
  if (error)
    return problem{.message = "the body is not JSON: " + error.message()};
  json::object* object = value.if_object();
  if (!object)
    return problem{.message = "the body is JSON, but no object"};
  if (auto unclear = ambiguity_of(body))
    return std::move(*unclear);
  return std::move(*object);
}

} // namespace proxy::admin
