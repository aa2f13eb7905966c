// Setting the stage.
#include "tests/proxy/session/stage.hpp"

#include <cstring>

namespace session_test {

stage::stage()
    : keeper(journal::test::open_keeper(journal::test::settings_in(dir.path / "journal"))),
      files({},
            [this](const std::string& file, std::optional<policies::key_id> owner) {
              written.push_back(file + (owner ? " " + std::to_string(owner->value) : " gone"));
            }),
      shared{.settings = settings,
             .prices = prices,
             .bounds = {},
             .directory = directory,
             .limits = limits,
             .bodies = bodies,
             .repeats = repeats,
             .cache = cache,
             .line = line,
             .files = files,
             .origins = origins,
             .upstream_host = "api.test",
             .upstream_base_path = "",
             .real_keys = real_keys,
             .key_refused = [this](std::size_t) { ++bearer_refusals; },
             .now = [] { return noon; },
             .block_key = [](policies::key_id, const std::string&) {}},
      pool(loop, names, {.host = "api.test"}), my{shared,
                                                  loop,
                                                  pool,
                                                  journal::test::new_lane(*keeper),
                                                  policies::pricing::price_memo{prices},
                                                  {},
                                                  {},
                                                  {},
                                                  {},
                                                  {},
                                                  {},
                                                  {},
                                                  {}},
      client(loop), upstream(loop), c{my, *client.ours, x, caller} {
  x.id_text.fill('7');
  x.up.connection = upstream.ours;
  real_keys.add("sk-real", 1);
  x.up.key = 0;
}

keys::key_slot& stage::add_key(key_record record) {
  std::array<std::uint8_t, 20> random{};
  std::memcpy(random.data(), &record.id.value, sizeof record.id.value);
  const std::string secret = policies::keys::make_secret(random);
  record.secrets.push_back({my.digest.of(secret), policies::keys::masked(secret), {}, {}});
  secrets_.emplace_back(record.id, secret);
  keys::key_slot& slot = directory.publish(std::move(record));
  origins.refresh(directory);
  return slot;
}

std::string stage::secret_of(policies::key_id id) const {
  for (const auto& [whose, secret] : secrets_)
    if (whose == id)
      return secret;
  return "";
}

void stage::ask(const std::string& head_lines) {
  const std::string text = head_lines + "\r\n";
  x.in.block = my.request_blocks.take();
  x.in.capacity = session::request_block_bytes;
  REQUIRE(text.size() <= session::request_block_bytes);
  std::memcpy(x.in.block.get(), text.data(), text.size());
  x.in.received = x.in.head_length = text.size();
  x.in.head = {};
  const auto error =
      http::parse_request_head(x.in.head, {x.in.block.get(), text.size()}, http::head_limits{});
  INFO(text << (error ? error->message : ""));
  REQUIRE_FALSE(error.has_value());
  x.key = nullptr;
  x.refusal.reset();
}

void stage::ask_as(const keys::key_slot& key, const std::string& request, const std::string& more) {
  ask(request + " HTTP/1.1\r\nHost: proxy.test\r\nAuthorization: Bearer " + secret_of(key.id) +
      "\r\n" + more);
}

step stage::identify(std::string_view peer) {
  const auto address = policies::access::parse_ip(peer);
  REQUIRE(address.has_value());
  return session::identify(c, *address);
}

void stage::answer(const std::string& head_lines) {
  answer_text_ = head_lines + "\r\n";
  x.up.head = {};
  const auto error = http::parse_response_head(x.up.head, answer_text_, false, http::head_limits{});
  INFO(answer_text_ << (error ? *error : ""));
  REQUIRE_FALSE(error.has_value());
  if (!x.up.block)
    x.up.block = my.blocks.take();
  x.up.at = x.up.filled = x.up.head_length = 0;
  x.up.body_left = x.up.head.content_length;
  x.up.complete = x.up.head.body == http::framing::none;
  x.up.reusable = true;
  x.lifetime_end = loop.in(std::chrono::hours{1});
}

} // namespace session_test
