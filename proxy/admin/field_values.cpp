// Bounds of every value, and the words that tell them.
#include "proxy/admin/field_values.hpp"

#include <cmath>

#include "policies/access/client_certificate.hpp"
#include "policies/limits/limit_set.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/suggestion.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::nano_usd;

constexpr std::size_t list_entries_max = 256;
constexpr std::size_t model_name_max = 100;
constexpr std::size_t metadata_bytes_max = 16 * 1024;

// Characters of UTF-8 (which the parser has checked); nullopt: one of them is a control character,
// or one that is not seen.
std::optional<std::size_t> printable_length(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1 || is_unseen(text.substr(i)))
      return std::nullopt;
    length += (byte & 0xC0) != 0x80;
  }
  return length;
}

// Reads an array of texts by `read`, which gives a value or the reason why there is none.
template <class T, class Read>
answer<std::vector<T>> each_of(const named_value& given, const Read& read) {
  const json::array* array = given.value.if_array();
  if (!array)
    return unfit(given, "is not a list of texts");
  if (array->size() > list_entries_max)
    return problem{.message = std::string(given.name) + ": " + std::to_string(array->size()) +
                              " entries are more than " + std::to_string(list_entries_max),
                   .param = std::string(given.name)};
  std::vector<T> out;
  for (const json::value& item : *array) {
    const json::string* text = item.if_string();
    if (!text)
      return unfit({given.name, item}, "is not a text");
    std::string error;
    std::optional<T> one = read(std::string_view(*text), error);
    if (!one)
      return unfit({given.name, item}, error);
    if (std::ranges::find(out, *one) == out.end())
      out.push_back(std::move(*one));
  }
  return out;
}

} // namespace

problem unfit(const named_value& given, std::string_view expected) {
  return {.message = std::string(given.name) + ": " + shown(text_of(given.value)) + " " +
                     std::string(expected),
          .param = std::string(given.name)};
}

answer<std::string> printable_text(const named_value& given, length_range length) {
  const json::string* text = given.value.if_string();
  const auto characters = text ? printable_length(*text) : std::nullopt;
  const bool blank = characters && *characters > 0 && text->find_first_not_of(' ') == text->npos;
  if (!characters || *characters < length.least || *characters > length.most || blank)
    return unfit(given, "is not a text of " + std::to_string(length.least) + " to " +
                            std::to_string(length.most) + " printable characters");
  return std::string(*text);
}

answer<std::int64_t> count_up_to(const named_value& given, std::int64_t most) {
  const json::value& value = given.value;
  std::int64_t count = -1;
  if (value.is_int64())
    count = value.get_int64();
  else if (const double* number = value.if_double();
           number && std::floor(*number) == *number && std::abs(*number) < 1e15)
    count = static_cast<std::int64_t>(*number);
  if (count < 0 || count > most)
    return unfit(given,
                 "is not a whole number from 0 to " + std::to_string(most) + " (null: no limit)");
  return number_answer(count);
}

answer<nano_usd> money(const named_value& given) {
  constexpr double most = 1'000'000;
  static_assert(policies::limits::money_max.value ==
                static_cast<std::int64_t>(most) * 1'000'000'000);
  if (!given.value.is_number())
    return unfit(given, "is not a number of US dollars from 0 to 1000000 (null: no limit)");
  const double dollars = given.value.to_number<double>();
  if (!(dollars >= 0 && dollars <= most))
    return unfit(given, "is not from 0 to 1000000 US dollars (null: no limit)");
  const double scaled = dollars * 1e9;
  const nano_usd amount{std::llround(scaled)};
  // Large amounts have nano-dollars below a double's precision: what reads back as the same passes.
  if (std::abs(scaled - std::round(scaled)) > 1e-3 && usd(amount) != dollars)
    return unfit(given, "has more than the 9 decimals that amounts are kept with");
  return amount;
}

answer<policies::instant> moment(const named_value& given) {
  const json::string* text = given.value.if_string();
  const auto at = text ? parse_rfc3339(*text) : std::nullopt;
  if (!at)
    return unfit(given, "is not an instant like \"2027-01-31T23:59:59Z\" (RFC 3339, years 1970 to "
                        "9999; null: never)");
  return *at;
}

answer<policies::access::permission_set> permissions(const named_value& given) {
  namespace policy = policies::access;
  std::vector<std::string_view> known;
  for (int i = 0; i < policy::permission_count; ++i)
    known.push_back(policy::name_of(static_cast<policy::permission>(i)));
  const auto names =
      each_of<policy::permission>(given, [&](std::string_view name, std::string& error) {
        const auto one = policy::permission_named(name);
        if (!one)
          error = "is no permission" + suggestion(name, known);
        return one;
      });
  if (!names)
    return names.error();
  policy::permission_set set;
  for (const policy::permission each : *names)
    set.add(each);
  return set;
}

answer<std::vector<std::string>> model_names(const named_value& given) {
  return each_of<std::string>(
      given, [](std::string_view name, std::string& error) -> std::optional<std::string> {
        const std::size_t star = name.find('*');
        const bool plain = name.find_first_of(" \t") == name.npos && printable_length(name);
        if (plain && !name.empty() && name.size() <= model_name_max &&
            (star == name.npos || star + 1 == name.size()))
          return std::string(name);
        error = "is no model's name: 1 to " + std::to_string(model_name_max) +
                " printable characters without blanks, * only at the end";
        return std::nullopt;
      });
}

answer<std::vector<policies::access::ip_network>> networks(const named_value& given) {
  return each_of<policies::access::ip_network>(
      given, [](std::string_view text, std::string& error) {
        auto parsed = policies::access::parse_network(text);
        error = "is no IP address or network: " + parsed.error;
        return parsed.network;
      });
}

answer<std::vector<std::string>> certificates(const named_value& given) {
  return each_of<std::string>(given, [](std::string_view text, std::string& error) {
    auto named = policies::access::canonical_certificate(text);
    error = "is neither the SHA-256 of a certificate (64 hexadecimal digits) nor a subject like "
            "\"CN=partner,O=Example\"";
    return named;
  });
}

answer<std::vector<policies::access::referrer_pattern>> referrers(const named_value& given) {
  return each_of<policies::access::referrer_pattern>(
      given, [](std::string_view text, std::string& error) {
        auto parsed = policies::access::parse_referrer(text);
        error = "is no referrer pattern: " + parsed.error;
        return parsed.pattern;
      });
}

answer<std::string> object_text(const named_value& given) {
  if (!given.value.is_object())
    return unfit(given, "is not an object");
  std::string text = text_of(given.value);
  if (text.size() > metadata_bytes_max)
    return problem{.message = std::string(given.name) + ": " + std::to_string(text.size()) +
                              " bytes of JSON are more than " + std::to_string(metadata_bytes_max),
                   .param = std::string(given.name)};
  return text;
}

answer<std::vector<policies::keys::model_alias>> aliases(const named_value& given) {
  const json::object* members = given.value.if_object();
  if (!members)
    return unfit(given, "is not an object of names and models, like {\"gpt-4o\": "
                        "\"deepseek-chat\"}");
  if (members->size() > list_entries_max)
    return unfit(given, "has more than 256 names");
  std::vector<policies::keys::model_alias> out;
  for (const auto& [name, value] : *members) {
    const json::string* model = value.if_string();
    const auto fits = [](std::string_view text) {
      return !text.empty() && text.size() <= model_name_max && printable_length(text) &&
             text.find_first_of("\"\\*") == text.npos;
    };
    if (!fits(name) || !model || !fits(*model))
      return unfit({given.name, value},
                   "is not the name of a model, for an alias '" + shown(name) + "'");
    out.push_back({std::string(name), std::string(*model)});
  }
  return out;
}

answer<bool> truth(const named_value& given) {
  if (!given.value.is_bool())
    return unfit(given, "is neither true nor false");
  return answer<bool>{boost::system::in_place_value, given.value.get_bool()};
}

} // namespace proxy::admin
