// The list as JSON: only hashes of the keys are in it.
#include "proxy/admin/admin_keys.hpp"

#include <charconv>

#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::secret_hash;

constexpr std::string_view document_name = "admin_keys";

std::string hex(const secret_hash& hash) {
  std::string text;
  for (const std::uint8_t byte : hash)
    text += fmt::format("{:02x}", byte);
  return text;
}

secret_hash unhex(std::string_view text) {
  secret_hash hash{};
  if (text.size() != 2 * hash.size())
    throw std::invalid_argument("an admin key's hash");
  for (std::size_t i = 0; i < hash.size(); ++i)
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, hash[i], 16);
  return hash;
}

admin_key key_of(const json::object& from) {
  const auto text = [&](const char* name) { return std::string(from.at(name).as_string()); };
  return {text("id"),
          text("name"),
          role_named(text("role")).value_or(role::viewer),
          unhex(text("hash")),
          text("masked"),
          policies::instant{policies::milliseconds{from.at("created_ms").to_number<std::int64_t>()}}};
}

} // namespace

answer<admin_key_list> read_admin_keys(const stores::key_store& from) {
  auto text = from.document(document_name);
  if (!text)
    return problem_of(text.error());
  admin_key_list out{std::move(*text), {}};
  if (out.text.empty())
    return out;
  try {
    const json::value stored = json::parse(out.text);
    for (const json::value& each : stored.as_array())
      out.keys.push_back(key_of(each.as_object()));
  } catch (const std::exception&) { // any missing or mistyped field
    return problem{.status = 503,
                   .message = "the list of admin keys in the store cannot be read: restore it from "
                              "a backup; the configured admin key works meanwhile",
                   .code = "store_unavailable"};
  }
  return out;
}

answer<void> write_admin_keys(stores::key_store& to, const admin_key_list& before,
                              const std::vector<admin_key>& keys, const stores::audit_row& why) {
  json::array list;
  for (const admin_key& each : keys)
    list.push_back({{"id", each.id},
                    {"name", each.name},
                    {"role", name_of(each.may)},
                    {"hash", hex(each.hash)},
                    {"masked", each.masked},
                    {"created_ms", each.created.time_since_epoch().count()}});
  const std::string after = text_of(json::value(std::move(list)));
  if (auto done = to.replace_document({document_name, before.text, after}, why); !done)
    return problem_of(done.error());
  return {};
}

} // namespace proxy::admin
