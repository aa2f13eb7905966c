// Boost.Beast's parser as a reader of one head: it cuts the head into its parts and hands them out
// as views. It makes sure that Beast saw the lines that are there, one field to a line and none
// folded. What a part may say is judged by those who derive from it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "proxy/http/head.hpp"

namespace proxy::http {

inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

template <bool IsRequest>
class beast_head : public boost::beast::http::basic_parser<IsRequest> {
 public:
  using error_code = boost::beast::error_code;
  using beast_view = boost::beast::string_view;

  // True if Beast read all of `head` as exactly one head. Its first line is judged elsewhere.
  bool read(std::string_view head) {
    error_code ec;
    this->skip(true);
    this->header_limit(static_cast<std::uint32_t>(head.size()));
    next_line_ = head.data() + std::min(head.find('\n'), head.size() - 1) + 1;
    const std::size_t used = this->put(boost::asio::const_buffer(head.data(), head.size()), ec);
    return !ec && used == head.size() && this->is_header_done() &&
           next_line_ + 2 == head.data() + head.size();
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

  // The field of the line that follows the one before; false where Beast has joined lines. Beast
  // lets nothing but CRLF end a line, so that every search here ends at the latest there.
  bool next_field(field& out, beast_view name, beast_view value) {
    if (name.data() != next_line_)
      return false;
    const char* const value_at = skip_blanks(next_line_ + name.size() + 1);
    const char* const value_end = value_at + value.size();
    if (value.data() != value_at)
      return false;
    const char* const end = skip_blanks(value_end);
    if (*end != '\r')
      return false;
    out.name = view(name);
    out.value = view(value);
    out.id = look_up(out.name);
    out.verbatim =
        end == value_end && value_at == next_line_ + name.size() + 2 && value_at[-1] == ' ';
    next_line_ = end + 2;
    return true;
  }

 private:
  static const char* skip_blanks(const char* at) {
    while (*at == ' ' || *at == '\t')
      ++at;
    return at;
  }

  const char* next_line_ = nullptr;
};

} // namespace proxy::http
