// Heads and chunked bodies against the slow reader, which shares no code with them.
#include "proxy/http/head_writer.hpp"
#include "proxy/http/octets.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/proxy/http/agreement.hpp"

namespace fuzz {
namespace {

void agreed(const std::string& verdict) {
  claim(verdict.empty(), "the fast and the slow reader agree: " + verdict);
}

// What goes upstream is read by the slow reader as one request, with our key and our framing.
void passed_on(const heads::request_head& head) {
  constexpr std::size_t fields_max = 100, own_fields_max = 5;
  if (head.all().size() > fields_max - own_fields_max)
    return; // with our own fields it may be more than that reader takes, which a proxy may send
  std::vector<char> room(128 * 1024);
  proxy::http::head_writer out{room};
  proxy::http::write_upstream_head(out, head, {"upstream.test", "/base", "sk-real"}, "0123",
                                   {proxy::http::framing::length, 17});
  claim(out.ok(), "a head that was read can be passed on");
  const auto seen = slow::read_request(std::string(out.text()));
  claim(seen.has_value(), "what goes upstream is one request");
  claim(seen->host == "upstream.test" && seen->length == 17U && !seen->chunked,
        "host and framing upstream are ours");
  claim(seen->target == "/base" + std::string(head.target), "the path upstream is the one judged");
  std::size_t keys = 0;
  for (const auto& [name, value] : seen->all)
    if (proxy::http::equal_ignoring_case(name, "authorization"))
      keys += value == "Bearer sk-real" ? 1U : 100U;
  claim(keys == 1, "one key goes upstream, ours");
}

} // namespace

void request_head(std::string_view input) {
  static const auto head = std::make_unique<heads::request_head>();
  agreed(heads::agree_on_request(std::string(input), *head));
  // However it arrives: the end is found where it is found at once.
  const exact_copy whole{input};
  std::size_t at_once = 0;
  const auto end = proxy::http::find_head_end(whole.view(), at_once, {});
  std::size_t scanned = 0;
  for (std::size_t had = 1; had <= input.size(); ++had) {
    const auto now = proxy::http::find_head_end(whole.view().substr(0, had), scanned, {});
    if (!now.error && now.length == 0)
      continue;
    claim(now.length == end.length && now.error.has_value() == end.error.has_value(),
          "a head's end does not depend on how it was cut");
    break;
  }
  const std::string_view found = whole.view().substr(0, end.length);
  if (!end.error && end.length > 0 && !proxy::http::parse_request_head(*head, found, {}) &&
      head->target != "*")
    passed_on(*head);
}

void response_head(std::string_view input) {
  static const auto head = std::make_unique<heads::response_head>();
  agreed(heads::agree_on_response(std::string(input), *head));
  const exact_copy whole{input};
  if (proxy::http::parse_response_head(*head, whole.view(), false, {}))
    return;
  std::vector<char> room(128 * 1024);
  proxy::http::head_writer out{room};
  proxy::http::write_client_fields(out, *head);
  out.end();
  claim(out.ok() && slow::read_response(std::string(out.text())).has_value(),
        "what goes to the client is one answer's head");
}

void chunked_body(std::string_view input) {
  choices cut{input.substr(0, 8)};
  const std::string text{behind(input, 8)};
  agreed(heads::agree_on_body(text, [&] { return 1 + cut.below(24); }));
  using proxy::http::chunk_decoder;
  chunk_decoder bounded{{.body_bytes_max = 64, .line_bytes_max = 16, .trailer_bytes_max = 32}};
  exact_copy bytes{text};
  const auto result = bounded.decode(bytes.bytes);
  claim(result.payload <= 64 && bounded.body_bytes() <= 64, "a body keeps to its bound");
}

} // namespace fuzz
