// Boost.Beast's parser as a second judge of heads that ours accepts: it must accept them too, and
// see the same fields and the same framing.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "proxy/http/head.hpp"
#include "proxy/http/octets.hpp"

namespace heads {

template <bool IsRequest>
class beast_reader : public boost::beast::http::basic_parser<IsRequest> {
 public:
  using error_code = boost::beast::error_code;
  using beast_view = boost::beast::string_view;

  // True if Beast read all of `head` as exactly one head.
  bool read(std::string_view head) {
    error_code ec;
    this->skip(true);
    this->header_limit(static_cast<std::uint32_t>(head.size()));
    const std::size_t used = this->put(boost::asio::const_buffer(head.data(), head.size()), ec);
    return !ec && used == head.size() && this->is_header_done();
  }

  std::vector<std::pair<std::string, std::string>> fields;

 private:
  void on_request_impl(boost::beast::http::verb, beast_view, beast_view, int,
                       error_code&) override {}
  void on_response_impl(int, beast_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field, beast_view name, beast_view value,
                     error_code&) override {
    fields.emplace_back(std::string(name), std::string(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

// "" if Beast reads `head` as `ours` does. Beast alone asks that Proxy-Connection, which we drop,
// lists tokens.
template <bool IsRequest, class Head>
std::string beast_agrees(std::string_view head, const Head& ours) {
  const auto all = ours.all();
  for (const auto& each : all)
    if (proxy::http::equal_ignoring_case(each.name, "proxy-connection"))
      return "";
  beast_reader<IsRequest> beast;
  if (!beast.read(head))
    return "accepted, but Beast refuses";
  if (beast.fields.size() != all.size())
    return "Beast sees other lines";
  for (std::size_t i = 0; i < all.size(); ++i)
    if (beast.fields[i].first != all[i].name || beast.fields[i].second != all[i].value)
      return "Beast sees other fields";
  const bool chunked = ours.body == proxy::http::framing::chunked;
  if (IsRequest && beast.chunked() != chunked)
    return "Beast frames the body otherwise";
  if (IsRequest && beast.content_length().value_or(0) != ours.content_length)
    return "Beast sees another length";
  return "";
}

} // namespace heads
