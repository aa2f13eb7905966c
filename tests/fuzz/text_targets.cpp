// What owners write: configuration, prices, bodies of the admin plane; and the format of secrets,
// which anybody may try.
#include <array>

#include "policies/keys/secret.hpp"
#include "proxy/admin/json_object.hpp"
#include "proxy/admin/key_fields.hpp"
#include "proxy/config/setting.hpp"
#include "proxy/stores/key_codec.hpp"
#include "tests/fuzz/target.hpp"

namespace fuzz {
namespace {

namespace config = proxy::config;
namespace keys = policies::keys;

void told(const proxy::failure& why) {
  claim(!why.message.empty(), "a refusal says why");
}

// A store gives back what it was given.
void kept(keys::key_record record) {
  record.id = policies::key_id{1};
  const auto back = proxy::stores::decode(proxy::stores::encode(record));
  claim(back && *back == record, "a stored key comes back as it was");
}

} // namespace

void configuration(std::string_view input) {
  const exact_copy text{input};
  const auto document = config::parse_toml(text.view(), "fuzz.toml");
  if (!document)
    return told(document.error());
  const auto made = config::settings_in(*document, "fuzz.toml");
  if (!made)
    return told(made.error());
  for (const config::setting& each : config::all_settings()) {
    const std::string shown = std::string(each.name) + " = " + each.show(*made);
    claim(config::parse_toml(shown, "shown.toml").has_value(), "a setting is shown as TOML");
  }
}

void price_table(std::string_view input) {
  const exact_copy text{input};
  auto data = config::parse_prices(text.view(), "fuzz.toml");
  if (!data)
    return told(data.error());
  const policies::pricing::price_table table{std::move(*data)};
  const policies::instant from{policies::milliseconds{1'795'651'200'000}};
  const policies::instant until = from + std::chrono::hours{7};
  for (const auto& row : table.data().models) {
    const auto dearest = table.dearest(row.model, from, until);
    for (auto at = from; dearest && at <= until; at += std::chrono::minutes{59})
      if (const auto price = table.at(row.model, at))
        claim(price->output <= dearest->output && price->cache_miss <= dearest->cache_miss &&
                  price->cache_hit <= dearest->cache_hit,
              "no price is above the dearest");
  }
}

void key_secret(std::string_view input) {
  const exact_copy text{input};
  const std::string shown = keys::masked(text.view());
  const auto printable = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; };
  claim(shown.size() <= 32 && std::ranges::all_of(shown, printable),
        "what lists show is short and printable");
  if (const auto id = keys::parse_key_id(text.view()))
    claim(keys::to_string(*id) == text.view(), "an id has one spelling");
  if (const auto id = keys::parse_request_id(text.view()))
    claim(keys::to_string(*id) == text.view(), "a request's id has one spelling");
  if (keys::well_formed(text.view()))
    claim(text.view().size() == keys::secret_length && text.view().starts_with(keys::secret_prefix),
          "a well-formed secret is one of ours");
  choices drawn{input};
  std::array<std::uint8_t, 20> random{};
  for (auto& byte : random)
    byte = drawn.next();
  std::string secret = keys::make_secret(random);
  claim(keys::well_formed(secret), "a new secret is well-formed");
  char& typo = secret[drawn.below(secret.size())];
  const char before = std::exchange(typo, static_cast<char>(drawn.next()));
  claim(typo == before || !keys::well_formed(secret), "one wrong character is noticed");
}

void admin_body(std::string_view input) {
  choices first{input.substr(0, 1)};
  const std::uint8_t kind = first.next();
  const exact_copy text{behind(input, 1)};
  const auto fields = proxy::admin::parse_object(text.view());
  if (!fields)
    return claim(fields.error().status == 400, "a body that is no object is the caller's fault");
  if (kind % 4 == 3) {
    if (const auto made = proxy::admin::admin_record_of(*fields))
      kept(*made);
  } else if (const auto made = proxy::admin::record_of(*fields, {.is_group = kind % 4 == 2})) {
    kept(*made);
  }
  keys::key_record record = keys::defaults_of(keys::key_type::development);
  const keys::key_record before = record;
  if (proxy::admin::change(record, *fields))
    claim(record == before, "a change that is refused changes nothing");
  else
    kept(record);
}

} // namespace fuzz
