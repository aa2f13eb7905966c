// Replies that say they are longer than any may be.
#include "proxy/stores/redis/resp.hpp"
#include "tests/support/catch.hpp"

using proxy::stores::redis::items_of;
using proxy::stores::redis::reply_reader;

namespace {

constexpr std::size_t bytes_max = 4096;

bool feed(reply_reader& reader, std::string_view text) {
  return reader.feed(text.data(), text.size());
}

// Whether the reader goes on after such a beginning.
bool believed(std::string_view beginning) {
  reply_reader reader{bytes_max};
  REQUIRE(feed(reader, beginning));
  CHECK_FALSE(reader.next());
  return feed(reader, ":1\r\n");
}

} // namespace

TEST_CASE("resp: no room is made for more elements than the longest reply has") {
  CHECK(believed("*1024\r\n"));
  CHECK_FALSE(believed("*1025\r\n"));
  CHECK_FALSE(believed("*1111111113\r\n"));
  CHECK_FALSE(believed("*2147483647\r\n"));
  CHECK_FALSE(believed("*1\r\n*1025\r\n")); // nor within another
  CHECK(believed("*1\r\n*1024\r\n"));
}

TEST_CASE("resp: a reply of as many elements as fit is whole") {
  reply_reader reader{bytes_max};
  std::string text = "*1000\r\n";
  for (int i = 0; i < 1000; ++i)
    text += ":7\r\n";
  REQUIRE(feed(reader, text));
  const auto whole = reader.next();
  REQUIRE(whole);
  CHECK(items_of(*whole).size() == 1000);
  CHECK(feed(reader, "*-1\r\n*0\r\n"));
  CHECK(reader.next());
  CHECK(reader.next());
  CHECK(reader.empty());
}
