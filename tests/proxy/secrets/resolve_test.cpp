// Where secrets are found, and that a failure tells the place and the reason, never the value.
#include <fstream>
#include <sstream>

#include "proxy/secrets/resolve.hpp"
#include "tests/proxy/config/support.hpp"

using namespace config_test;
namespace secrets = proxy::secrets;

namespace {

std::string found(const std::string& source) {
  const auto secret = secrets::resolve({source}, secrets::process_environment());
  return secret ? *secret : "failure: " + secret.error().message;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace

TEST_CASE("resolve: env: is the variable's value") {
  const variable key("CONFIG_TEST_KEY", "sk-from-env");
  CHECK(found("env:CONFIG_TEST_KEY") == "sk-from-env");
}

TEST_CASE("resolve: a variable that is not set, empty or unfit for a header is named") {
  {
    const variable key("CONFIG_TEST_KEY", nullptr);
    CHECK(
        found("env:CONFIG_TEST_KEY") ==
        "failure: the environment variable CONFIG_TEST_KEY is not set: set it to the key, or name "
        "another source in the configuration");
  }
  {
    const variable key("CONFIG_TEST_KEY", "");
    CHECK(found("env:CONFIG_TEST_KEY") ==
          "failure: the environment variable CONFIG_TEST_KEY is empty");
  }
  for (const char* bad : {"hunter22\r\nX-Evil: 1", "hunter22 x", "hunter22\x7f", "hunter22\xc3\xa9",
                          "\thunter22", "hunter22\n"}) {
    const variable key("CONFIG_TEST_KEY", bad);
    CHECK(found("env:CONFIG_TEST_KEY") ==
          "failure: the environment variable CONFIG_TEST_KEY has a blank or a control character in "
          "it, which no key has");
  }
  const variable key("CONFIG_TEST_KEY", std::string(8193, 'k').c_str());
  CHECK(has(found("env:CONFIG_TEST_KEY"), "is too long to be a key"));
}

TEST_CASE("resolve: what is no source is not repeated, for it may be the secret") {
  for (const std::string source : {"sk-hunter22", "", ":", "env", "env:", "env:sk-hunter22",
                                   "env:9KEY", "ENV:HOME", "vault:hunter22", "credential:../x"}) {
    INFO(source);
    const std::string said = found(source);
    CHECK(has(said, "failure: "));
    CHECK_FALSE(has(said, "hunter22"));
  }
}

TEST_CASE("resolve: file: is the file without its last line's end") {
  const directory here;
  CHECK(found("file:" + here.write("plain", "sk-from-file").string()) == "sk-from-file");
  CHECK(found("file:" + here.write("newline", "sk-from-file\n").string()) == "sk-from-file");
  CHECK(found("file:" + here.write("windows", "sk-from-file\r\n").string()) == "sk-from-file");
  CHECK(found("file:" + here.write("read-only", "sk-from-file", 0400).string()) == "sk-from-file");
  const std::string longest(8192, 'k');
  CHECK(found("file:" + here.write("longest", longest).string()) == longest);
}

TEST_CASE("resolve: a file that others than its owner can touch is refused") {
  const directory here;
  for (const mode_t mode : {0640u, 0604u, 0660u, 0644u, 0620u, 0602u, 0601u, 0666u}) {
    const std::string file = here.write("key", "sk-hunter22\n", mode).string();
    CHECK(found("file:" + file) ==
          "failure: the secret file " + file + " is open to others than its owner: chmod 600 it");
  }
}

TEST_CASE("resolve: a file that is absent, a directory, empty or no key is named") {
  const directory here;
  const std::string absent = (here / "absent").string();
  CHECK(found("file:" + absent) ==
        "failure: cannot read the secret file " + absent + ": No such file or directory");
  const std::filesystem::path folder = here / "folder";
  std::filesystem::create_directory(folder);
  REQUIRE(::chmod(folder.c_str(), 0700) == 0);
  CHECK(found("file:" + folder.string()) ==
        "failure: cannot read the secret file " + folder.string() + ": Is a directory");
  const std::string empty = here.write("empty", "\n").string();
  CHECK(found("file:" + empty) == "failure: the secret file " + empty + " is empty");
  const std::string two = here.write("two", "hunter22\nhunter23\n").string();
  CHECK(found("file:" + two) == "failure: the secret file " + two +
                                    " has a blank or a control character in it, which no key has");
  const std::string huge = here.write("huge", std::string(100'000, 'k')).string();
  CHECK(found("file:" + huge) == "failure: the secret file " + huge + " is too long to be a key");
}

TEST_CASE("resolve: credential: is a file where systemd puts it, shared with the group") {
  const directory here;
  here.write("deepseek", "sk-from-systemd\n", 0440);
  here.write("open", "sk-hunter22\n", 0444);
  {
    const variable place("CREDENTIALS_DIRECTORY", (here / "").c_str());
    CHECK(found("credential:deepseek") == "sk-from-systemd");
    CHECK(has(found("credential:open"), "open to others than its owner"));
  }
  const variable place("CREDENTIALS_DIRECTORY", nullptr);
  CHECK(has(found("credential:deepseek"), "needs systemd's LoadCredential="));
}

TEST_CASE("resolve: exec: is what a command prints") {
  CHECK(found("exec:echo sk-from-command") == "sk-from-command");
  CHECK(found("exec:printf 'sk-%s' two | cat") == "sk-two");
  CHECK(found("exec:exit 3") == "failure: the command of exec: ended with status 3");
  CHECK(found("exec:echo hunter22; exit 1") == "failure: the command of exec: ended with status 1");
  CHECK(found("exec:true") == "failure: the output of the command of exec: is empty");
  CHECK(has(found("exec:echo hunter22 hunter23"), "has a blank"));
  CHECK(has(found("exec:head -c 8193 /dev/zero | tr '\\0' k"), "is too long to be a key"));
}

TEST_CASE("admin_key: by default it is made once, for its owner only, and found again") {
  const variable none("DEEPSEEK_ADMIN_KEY", nullptr);
  const directory here;
  config::settings s;
  s.store.path = here / "";
  const auto made = secrets::admin_key(s, secrets::process_environment());
  REQUIRE(made.has_value());
  CHECK(made->starts_with("admin-"));
  CHECK(made->size() == 6 + 48);
  CHECK(content_of(here / "admin.key") == *made + "\n");
  struct stat kept {};
  REQUIRE(::stat((here / "admin.key").c_str(), &kept) == 0);
  CHECK((kept.st_mode & 07777) == 0600);
  CHECK(*secrets::admin_key(s, secrets::process_environment()) == *made);

  const directory elsewhere;
  s.store.path = elsewhere / "";
  CHECK(*secrets::admin_key(s, secrets::process_environment()) != *made);
}

TEST_CASE("admin_key: a kept key that others can read is refused") {
  const variable none("DEEPSEEK_ADMIN_KEY", nullptr);
  const directory here;
  here.write("admin.key", "admin-0123456789abcdef\n", 0644);
  config::settings s;
  s.store.path = here / "";
  const auto key = secrets::admin_key(s, secrets::process_environment());
  REQUIRE_FALSE(key.has_value());
  CHECK(has(key.error().message, "chmod 600"));
}

TEST_CASE("admin_key: the variable wins over the kept key, and a short one is refused") {
  const directory here;
  here.write("admin.key", "admin-0123456789abcdef\n");
  config::settings s;
  s.store.path = here / "";
  {
    const variable given("DEEPSEEK_ADMIN_KEY", "sixteen-or-more!");
    CHECK(*secrets::admin_key(s, secrets::process_environment()) == "sixteen-or-more!");
  }
  const variable given("DEEPSEEK_ADMIN_KEY", "fifteen-letters");
  const auto key = secrets::admin_key(s, secrets::process_environment());
  REQUIRE_FALSE(key.has_value());
  CHECK(key.error().message == "the admin key is shorter than 16 characters: choose a longer one");
}

TEST_CASE("admin_key: a source that was named and fails is not replaced by a key made up") {
  const directory here;
  config::settings s;
  s.store.path = here / "";
  s.admin.key.text = "env:CONFIG_TEST_ABSENT";
  CHECK_FALSE(secrets::admin_key(s, secrets::process_environment()).has_value());
  CHECK_FALSE(std::filesystem::exists(here / "admin.key"));
}

TEST_CASE("admin_key: a directory that cannot be written is named") {
  const variable none("DEEPSEEK_ADMIN_KEY", nullptr);
  config::settings s;
  s.store.path = "/nonexistent/data";
  const auto key = secrets::admin_key(s, secrets::process_environment());
  REQUIRE_FALSE(key.has_value());
  CHECK(key.error().message ==
        "cannot write /nonexistent/data/admin.key: No such file or directory");
}
