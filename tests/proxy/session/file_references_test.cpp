// Files in a prompt: whatever spelling a body has, a key reaches only files of its own.
#include "proxy/session/file_references.hpp"

#include "tests/support/catch.hpp"

using policies::key_id;
using proxy::session::refers_to_own_files;

namespace {

constexpr key_id mine{1}, others{2};

bool accepted(std::string_view body) {
  static const proxy::stores::file_owners files(
      {{"file-mine", mine}, {"file-mine2", mine}, {"file-theirs", others}},
      [](const std::string&, std::optional<key_id>) {});
  return refers_to_own_files(body, mine, files);
}

} // namespace

TEST_CASE("file references: a body without files, or with files of its own, is accepted") {
  CHECK(accepted(R"({})"));
  CHECK(accepted(R"({"model":"m","messages":[{"role":"user","content":"hello"}]})"));
  CHECK(accepted(R"({"file_id":"file-mine"})"));
  CHECK(accepted(R"({"file_ids":["file-mine","file-mine2"]})"));
  CHECK(accepted(R"({"file_ids":[]})"));
  CHECK(accepted(R"({"messages":[{"content":[{"type":"file","file":{"file_id":"file-mine"}}]}]})"));
  CHECK(accepted(R"({"url":"https://example.com/file-elsewhere"})"));
}

TEST_CASE("file references: somebody else's file is refused wherever its id stands") {
  CHECK_FALSE(accepted(R"({"file_id":"file-theirs"})"));
  CHECK_FALSE(accepted(R"({"id":"file-theirs"})"));
  CHECK_FALSE(accepted(R"({"content":[{"type":"text","text":"file-theirs"}]})"));
  CHECK_FALSE(accepted(R"("file-theirs")"));
  CHECK_FALSE(accepted(R"(["file-mine",["file-theirs"]])"));
  CHECK_FALSE(accepted(R"({"file_id":"\u0066ile-th\u0065irs"})"));
  CHECK_FALSE(accepted(R"({"x":"file-\u0074heirs"})"));
}

TEST_CASE("file references: an id nobody here uploaded is refused where an id has to stand") {
  CHECK_FALSE(accepted(R"({"file_id":"file-unknown"})"));
  CHECK_FALSE(accepted(R"({"file_id":""})"));
  CHECK_FALSE(accepted(R"({"file_ids":["file-mine","file-unknown"]})"));
  CHECK_FALSE(accepted(R"({"file\u005fid":"file-unknown"})"));
  CHECK_FALSE(accepted(R"({"a":{"b":[{"file_ids":["file-unknown"]}]}})"));
  CHECK(accepted(R"({"name":"file-unknown"})"));
}

TEST_CASE("file references: a list of ids is one to its end, whatever else stands in it") {
  CHECK_FALSE(accepted(R"({"file_ids":[[],"file-unknown"]})"));
  CHECK_FALSE(accepted(R"({"file_ids":[{},"file-unknown"]})"));
  CHECK_FALSE(accepted(R"({"file_ids":["file-mine",{"a":["b"]},"file-unknown"]})"));
  CHECK_FALSE(accepted(R"({"file_ids":[["file-unknown"]]})"));
  CHECK_FALSE(accepted(R"({"file_ids":[1,null,true,"file-unknown"]})"));
  CHECK_FALSE(accepted(R"({"file_ids":[["file-mine"],["file-unknown"]]})"));
}

TEST_CASE("file references: what follows an id or a list of them is no id") {
  CHECK(accepted(R"({"file_id":"file-mine","name":"anything"})"));
  CHECK(accepted(R"({"file_ids":["file-mine"],"name":"anything"})"));
  CHECK(accepted(R"([{"file_ids":["file-mine"]},"anything"])"));
  CHECK(accepted(R"({"file_id":null,"name":"anything"})"));
  CHECK(accepted(R"({"a":{"file_id":"file-mine"},"b":"anything"})"));
  CHECK(accepted(R"({"a":[{"file_id":"file-mine"},"anything"]})"));
}

TEST_CASE("file references: a second member of one name does not hide the first") {
  CHECK_FALSE(accepted(R"({"file_id":"file-unknown","file_id":"file-mine"})"));
  CHECK_FALSE(accepted(R"({"file_id":"file-mine","file_id":"file-unknown"})"));
}

TEST_CASE("file references: a string longer than any id is none") {
  const std::string longer = "file-theirs" + std::string(200, 'x');
  CHECK(accepted("{\"text\":\"" + longer + "\"}"));
  CHECK_FALSE(accepted("{\"file_id\":\"" + longer + "\"}"));
}

TEST_CASE("file references: what cannot be read is refused") {
  for (const std::string_view body : {"", "{", "{\"a\":", "[1,]", "{\"a\":\"\xff\"}", "nul"})
    CHECK_FALSE(accepted(body));
  const std::string deep = std::string(600, '[') + std::string(600, ']');
  CHECK_FALSE(accepted(deep));
  const std::string deepest = std::string(512, '[') + std::string(512, ']');
  CHECK(accepted(deepest));
}
