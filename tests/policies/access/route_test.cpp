// The documented endpoints as a table, and the spellings that must not reach one of them.
#include <algorithm>
#include <string>
#include <vector>

#include "policies/access/route.hpp"
#include "tests/support/catch.hpp"

using namespace policies::access;

namespace {

struct endpoint {
  std::string_view method;
  std::string_view path; // without /v1
  feature what;
  std::optional<permission> needs;
  body_kind body;
  bool generates = false;
  std::string_view id = {};
  std::string_view call = {};
};

using enum body_kind;

const std::vector<endpoint> endpoints{
    {"POST", "/chat/completions", feature::chat, permission::chat, json_prompt, true},
    {"POST", "/beta/chat/completions", feature::chat, permission::chat, json_prompt, true},
    {"POST", "/beta/completions", feature::fim, permission::code, json_prompt, true},
    {"POST", "/completions", feature::fim, permission::code, json_prompt, true},
    {"POST", "/responses", feature::responses, permission::chat, json_prompt, true},
    {"POST", "/anthropic/v1/messages", feature::anthropic, permission::chat, json_prompt, true},
    {"POST", "/anthropic/messages", feature::anthropic, permission::chat, json_prompt, true},
    {"POST", "/anthropic/v1/messages/count_tokens", feature::anthropic_count_tokens,
     permission::chat, json_opaque},
    {"GET", "/models", feature::models, std::nullopt, none},
    {"GET", "/models/deepseek-flash", feature::model, std::nullopt, none, false, "deepseek-flash"},
    {"GET", "/anthropic/v1/models", feature::models, std::nullopt, none},
    {"GET", "/anthropic/v1/models/claude-opus-4.5", feature::model, std::nullopt, none, false,
     "claude-opus-4.5"},
    {"GET", "/user/balance", feature::balance, permission::account, none},
    {"POST", "/files", feature::file_upload, permission::files, streamed},
    {"GET", "/files", feature::file_list, permission::files, none},
    {"GET", "/files/file-Ab_9", feature::file_get, permission::files, none, false, "file-Ab_9"},
    {"GET", "/files/file-Ab_9/content", feature::file_get, permission::files, none, false,
     "file-Ab_9"},
    {"DELETE", "/files/file-Ab_9", feature::file_delete, permission::files, none, false,
     "file-Ab_9"},
    {"POST", "/tools/search", feature::tool_search, permission::chat, json_opaque, false, "",
     "search"},
    {"POST", "/tools/fetch", feature::tool_fetch, permission::chat, json_opaque, false, "",
     "fetch"},
    {"POST", "/tools/ocr", feature::tool_ocr, permission::images, json_opaque, false, "", "ocr"},
    {"POST", "/tools/asr", feature::tool_asr, permission::audio, json_opaque, false, "", "asr"},
    {"POST", "/tools/tts", feature::tool_tts, permission::audio, json_opaque, false, "", "tts"},
    {"POST", "/embeddings", feature::embeddings, permission::embeddings, json_opaque, false, "",
     "embeddings"},
    {"POST", "/fine_tuning/jobs", feature::fine_tuning, permission::fine_tuning, json_opaque, false,
     "", "fine_tuning"},
    {"GET", "/fine_tuning/jobs/ftjob-1/events", feature::fine_tuning, permission::fine_tuning,
     none},
    {"DELETE", "/fine_tuning/jobs/ftjob-1", feature::fine_tuning, permission::fine_tuning, none},
};

route_error error_of(std::string_view method, std::string_view path) {
  const route_match match = find_route(method, path);
  REQUIRE_FALSE(match.found);
  return match.error;
}

} // namespace

TEST_CASE("route: every documented endpoint is found bare and under /v1") {
  for (const endpoint& expected : endpoints) {
    for (const std::string prefix : {"", "/v1"}) {
      const std::string path = prefix + std::string{expected.path};
      CAPTURE(expected.method, path);
      const route_match match = find_route(expected.method, path);
      REQUIRE(match.found);
      CHECK(match.found->what == expected.what);
      CHECK(match.found->needs == expected.needs);
      CHECK(match.found->body == expected.body);
      CHECK(match.found->generates == expected.generates);
      CHECK(match.found->id == expected.id);
      CHECK(match.found->call == expected.call);
    }
  }
}

TEST_CASE("route: HEAD goes wherever GET does, and nowhere else") {
  for (const endpoint& expected : endpoints) {
    CAPTURE(expected.path);
    const route_match get = find_route("GET", expected.path);
    const route_match head = find_route("HEAD", expected.path);
    REQUIRE(get.found.has_value() == head.found.has_value());
    if (get.found)
      CHECK(get.found->what == head.found->what);
  }
}

TEST_CASE("route: a wrong method is told apart from a wrong path and names the right ones") {
  CHECK(error_of("GET", "/v1/chat/completions") == route_error::method_not_allowed);
  CHECK(find_route("GET", "/v1/chat/completions").allow == "POST");
  CHECK(find_route("POST", "/models").allow == "GET, HEAD");
  CHECK(find_route("PUT", "/v1/files").allow == "GET, HEAD, POST");
  CHECK(find_route("POST", "/files/file-1").allow == "GET, HEAD, DELETE");
  CHECK(find_route("DELETE", "/files/file-1/content").allow == "GET, HEAD");
  CHECK(find_route("PATCH", "/fine_tuning/jobs").allow == "GET, HEAD, POST, DELETE");
  for (const std::string_view method : {"post", "Post", "", "CONNECT", "TRACE", "OPTIONS", "G@T"}) {
    CAPTURE(method);
    CHECK(error_of(method, "/chat/completions") == route_error::method_not_allowed);
    CHECK(error_of(method, "/nowhere") == route_error::not_found);
  }
}

TEST_CASE("route: every allowed method it names is one that it finds") {
  for (const endpoint& each : endpoints) {
    std::string_view allow = find_route("BREW", each.path).allow;
    while (!allow.empty()) {
      const std::size_t comma = allow.find(", ");
      CAPTURE(each.path, allow);
      CHECK(find_route(allow.substr(0, comma), each.path).found);
      allow.remove_prefix(comma == std::string_view::npos ? allow.size() : comma + 2);
    }
  }
}

TEST_CASE("route: whatever an upstream might normalise into a known path is not found") {
  for (const std::string_view path : {"",
                                      "/",
                                      "*",
                                      "/v1",
                                      "/v1/",
                                      "/v1/v1/chat/completions",
                                      "//chat/completions",
                                      "/chat//completions",
                                      "/chat/completions/",
                                      "/chat/completions//",
                                      "/chat/./completions",
                                      "/chat/../chat/completions",
                                      "/./chat/completions",
                                      "/x/../chat/completions",
                                      "/chat/completions/..",
                                      "/chat/completions/.",
                                      "/chat/%63ompletions",
                                      "/chat%2fcompletions",
                                      "/chat%2Fcompletions",
                                      "/chat%5ccompletions",
                                      "/chat\\completions",
                                      "/%2e/chat/completions",
                                      "/x/%2e%2e/chat/completions",
                                      "/x/.%2e/chat/completions",
                                      "/chat/completions%00",
                                      "/chat/completions%0d%0a",
                                      "/chat/completions%zz",
                                      "/chat/completions%",
                                      "/%252e/models",
                                      "/chat/completions;a=b",
                                      "/models;v=1",
                                      "/models/x;v=1",
                                      "/chat/completions?x",
                                      "/chat/completions#x",
                                      "/Chat/Completions",
                                      "/V1/chat/completions",
                                      "/chat/completions ",
                                      " /chat/completions",
                                      "chat/completions",
                                      "/v1chat/completions",
                                      "/beta/v1/completions",
                                      "/beta/models",
                                      "/beta/beta/completions",
                                      "http://h/chat/completions"}) {
    CAPTURE(path);
    CHECK(error_of("POST", path) == route_error::not_found);
    CHECK(error_of("GET", path) == route_error::not_found);
  }
}

TEST_CASE("route: ids are plain words; nothing can be climbed out of through them") {
  const std::string longest(128, 'a');
  CHECK(find_route("GET", "/files/" + longest).found->id == longest);
  CHECK(find_route("GET", "/models/" + longest).found->id == longest);
  for (const std::string& id :
       {std::string{}, std::string{"."}, std::string{".."}, std::string{"a/b"}, std::string{"a/"},
        std::string{"/a"}, std::string{"%2e%2e"}, std::string{"a%2fb"}, std::string{"a b"},
        std::string{"a;b"}, std::string{"a\\b"}, std::string{"a?b"}, std::string{"a\0b", 3},
        std::string{"\xc3\xa9"}, longest + "a", std::string{"a/content/"}, std::string{"/content"},
        std::string{"../content"}, std::string{"a/b/content"}}) {
    CAPTURE(id);
    CHECK(error_of("GET", "/files/" + id) == route_error::not_found);
    CHECK(error_of("DELETE", "/v1/files/" + id) == route_error::not_found);
    CHECK(error_of("GET", "/v1/models/" + id) == route_error::not_found);
  }
  CHECK(error_of("GET", "/files/a.b") == route_error::not_found);
  CHECK(find_route("GET", "/files/content").found->id == "content");
  CHECK(find_route("GET", "/files/content/content").found->id == "content");
}

TEST_CASE("route: below /fine_tuning each segment must be a name") {
  CHECK(find_route("POST", "/v1/fine_tuning/jobs/ftjob-abc/cancel").found);
  CHECK(find_route("GET", "/fine_tuning/checkpoints/ft:deepseek-flash:acme/permissions").found);
  for (const std::string_view path :
       {"/fine_tuning", "/fine_tuning/", "/fine_tuning//jobs", "/fine_tuning/jobs/",
        "/fine_tuning/jobs//x", "/fine_tuning/../files", "/fine_tuning/jobs/..",
        "/fine_tuning/./jobs", "/fine_tuning/%2e%2e/files", "/fine_tuning/a;b",
        "/fine_tuningjobs"}) {
    CAPTURE(path);
    CHECK(error_of("GET", path) == route_error::not_found);
  }
}

TEST_CASE("permission: names and values stand for each other, the guide's seven among them") {
  for (int i = 0; i < permission_count; ++i) {
    const auto each = static_cast<permission>(i);
    CHECK(permission_named(name_of(each)) == each);
  }
  for (const std::string_view name :
       {"chat", "code", "images", "audio", "embeddings", "files", "fine_tuning", "account"})
    CHECK(permission_named(name));
  for (const std::string_view name : {"", "Chat", "chat ", "admin", "fine-tuning"})
    CHECK_FALSE(permission_named(name));
}

TEST_CASE("permission_set: holds exactly what was added") {
  permission_set set;
  CHECK_FALSE(set.has(permission::chat));
  set.add(permission::account);
  set.add(permission::code);
  for (int i = 0; i < permission_count; ++i) {
    const auto each = static_cast<permission>(i);
    CHECK(set.has(each) == (each == permission::account || each == permission::code));
  }
}

TEST_CASE("feature: each has a name of its own") {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(feature::fine_tuning); ++i)
    names.push_back(name_of(static_cast<feature>(i)));
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK_FALSE(names.front().empty());
  CHECK(name_of(feature::chat) == "chat");
  CHECK(name_of(feature::model) == "model");
  CHECK(name_of(feature::file_upload) == "file_upload");
  CHECK(name_of(feature::tool_ocr) == "tool_ocr");
  CHECK(name_of(feature::fine_tuning) == "fine_tuning");
}

TEST_CASE("route: a feature needs the permission that its routes ask for") {
  for (const endpoint& each : endpoints) {
    INFO(each.path);
    CHECK(permission_of(each.what) == each.needs);
  }
}
