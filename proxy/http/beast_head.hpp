// Boost.Beast's parser as a reader of one head: it cuts the head into its parts and hands them out
// as views. What a part may say is judged by those who derive from it.
#pragma once

#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace proxy::http {

inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

template <bool IsRequest>
class beast_head : public boost::beast::http::basic_parser<IsRequest> {
 public:
  using error_code = boost::beast::error_code;
  using beast_view = boost::beast::string_view;

  // True if Beast read all of `head` as exactly one head. The head's lines have been judged by
  // scan_lines, so that nothing is folded and every view points into `head`.
  bool read(std::string_view head) {
    error_code ec;
    this->skip(true);
    this->header_limit(static_cast<std::uint32_t>(head.size()));
    const std::size_t used = this->put(boost::asio::const_buffer(head.data(), head.size()), ec);
    return !ec && used == head.size() && this->is_header_done();
  }

 protected:
  void on_request_impl(boost::beast::http::verb, beast_view, beast_view, int,
                       error_code&) override {}
  void on_response_impl(int, beast_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

} // namespace proxy::http
