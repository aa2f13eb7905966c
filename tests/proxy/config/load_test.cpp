// The file as a whole: what is not known in it, what cannot be read, what does not fit together.
#include <set>

#include "tests/proxy/config/support.hpp"

using namespace config_test;

TEST_CASE("load: an unknown setting is named with its line and the one that was meant") {
  CHECK(complaint_of("[server]\nthreads = 2\nlissten = \"127.0.0.1:1\"\n") ==
        "proxy.toml:3: unknown key server.lissten; did you mean server.listen?");
  CHECK(complaint_of("[upstream]\nconnect_timeout = 5\n") ==
        "proxy.toml:2: unknown key upstream.connect_timeout; did you mean "
        "upstream.connect_timeout_s?");
}

TEST_CASE("load: a setting of another section is not accepted") {
  CHECK(has(complaint_of("[admin]\nthreads = 1\n"), "proxy.toml:2: unknown key admin.threads"));
}

TEST_CASE("load: an unknown section is named with all that there are") {
  const std::string said = complaint_of("[log]\nlevel = \"info\"\n[sever]\nthreads = 1\n");
  CHECK(has(said, "proxy.toml:3: unknown key 'sever'"));
  std::set<std::string_view> sections;
  for (const config::setting& each : config::all_settings())
    sections.insert(each.section);
  for (const std::string_view section : sections)
    CHECK(has(said, "[" + std::string(section) + "]"));
}

TEST_CASE("load: a section's name with a value says how a section is written") {
  CHECK(complaint_of("server = 5\n") ==
        "proxy.toml:1: 'server' is a section, not a whole number: write [server], and its settings "
        "below");
  CHECK(has(complaint_of("[[server]]\nthreads = 1\n"), "'server' is a section, not a list"));
}

TEST_CASE("load: what is not TOML is named with its line") {
  CHECK(has(complaint_of("[server]\nthreads =\n"), "proxy.toml:2: not TOML: "));
  CHECK(has(complaint_of("[server]\nthreads = 1\nthreads = 2\n"), "proxy.toml:3: not TOML: "));
  CHECK(has(complaint_of("[server\n"), "proxy.toml:1: not TOML: "));
  // toml++ takes for granted of these that they are not there.
  for (const std::string wrong : {"[=]", "[,", "[[.]]", "[ \n", "[[ #", "[\xc3\xa9]", "[a.=]",
                                  "\xc3\xa9 = 1", "a\xce\xb1 = 1", "a = \xc3\xa9"}) {
    INFO(wrong);
    CHECK(has(complaint_of("[server]\n" + wrong + "\n"), "proxy.toml:2: not TOML: "));
  }
}

TEST_CASE("load: an empty file is a configuration") {
  CHECK(load_text("").has_value());
  CHECK(load_text("# nothing\n\n").has_value());
  CHECK(load_text("[server]\n").has_value());
}

TEST_CASE("load: a file that cannot be read is named with the reason") {
  const directory here;
  const auto absent = config::load(here / "absent.toml");
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().message ==
        "cannot read " + (here / "absent.toml").string() + ": No such file or directory");
  const auto folder = config::load(here / "");
  REQUIRE_FALSE(folder.has_value());
  CHECK(has(folder.error().message, "Is a directory"));
  const auto huge = config::load(here.write("huge.toml", std::string((1 << 20) + 1, '\n')));
  REQUIRE_FALSE(huge.has_value());
  CHECK(has(huge.error().message, "larger than 1 MiB"));
}

TEST_CASE("load: a secret in the file is refused and never repeated") {
  constexpr auto secret = "sk-0123456789abcdef";
  for (const std::string name : {"[upstream]\nkey", "[admin]\nkey", "[store]\npassword"})
    for (const std::string value :
         {"\"sk-0123456789abcdef\"", "\"env:sk-0123456789abcdef\"", "sk-0123456789abcdef",
          "\"sk-0123456789abcdef", "['sk-0123456789abcdef']", "{k='sk-0123456789abcdef'}",
          "\"aws:sk-0123456789abcdef\""}) {
      INFO(name << " = " << value);
      const std::string said = complaint_of(name + " = " + value + "\n");
      CHECK(has(said, "proxy.toml:"));
      CHECK_FALSE(has(said, secret));
      CHECK_FALSE(has(said, "0123456789"));
    }
  CHECK(
      complaint_of("[upstream]\nkey = \"sk-0123456789abcdef\"\n") ==
      "proxy.toml:2: upstream.key: a secret must not stand in this file, only where it is found: "
      "env:NAME, file:PATH, credential:NAME, exec:COMMAND, or in a cloud's secret manager (aws:, "
      "azure:, gcp:) (accepts env:NAME, file:PATH, credential:NAME, exec:COMMAND, aws:, azure: or "
      "gcp:)");
}

TEST_CASE("load: a password within a URL is refused and never repeated") {
  for (const std::string url : {"https://user:hunter22@host", "https://u:hunter22@host/a?b",
                                "https://u:hunter22@host:99999", "user:hunter22@host",
                                "https://u:hunt/er22@host", "ftp://u:hunter22@host"}) {
    INFO(url);
    const std::string said = complaint_of("[upstream]\nurl = \"" + url + "\"\n");
    CHECK(has(said, "proxy.toml:2: upstream.url: the URL has user information"));
    CHECK_FALSE(has(said, "er22"));
  }
  for (const std::string url : {"redis://user:hunter22@host", "redis://:hunter22@host/0",
                                "http://user:hunter22@host", "user:hunter22@host"}) {
    INFO(url);
    const std::string said = complaint_of("[store]\nurl = \"" + url + "\"\n");
    CHECK(has(said, "proxy.toml:2: store.url: the URL "));
    CHECK_FALSE(has(said, "er22"));
  }
  CHECK(load_text("[store]\nurl = \"rediss://user@host:6380/3\"\n").has_value());
}

TEST_CASE("load: where a secret is found is kept as it is written") {
  for (const std::string source : {"env:MY_KEY", "file:/run/secrets/key", "credential:deepseek",
                                   "exec:pass show deepseek | head -1", "aws:prod/deepseek",
                                   "azure:vault/deepseek", "gcp:project/deepseek"}) {
    const auto loaded = load_text("[upstream]\nkey = '" + source + "'\n");
    REQUIRE(loaded.has_value());
    CHECK(loaded->upstream.key.text == source);
  }
  CHECK(load_text("[store]\npassword = \"\"\n").has_value());
  CHECK(has(complaint_of("[upstream]\nkey = \"\"\n"), "upstream.key: a secret must not"));
  CHECK(has(complaint_of("[upstream]\nkey = \"env:\"\n"), "env: has nothing after it"));
  CHECK(has(complaint_of("[upstream]\nkey = \"azure:deepseek\"\n"), "is not VAULT/NAME"));
  CHECK(has(complaint_of("[upstream]\nkey = \"credential:../key\"\n"), "a name, not a path"));
}

TEST_CASE("load: a URL of a Redis means a store in Redis, which needs one") {
  const auto loaded = load_text("[store]\nurl = \"redis://127.0.0.1:6379\"\n");
  REQUIRE(loaded.has_value());
  CHECK(loaded->store.kind == "redis");
  CHECK(complaint_of("[store]\nkind = \"redis\"\n") ==
        "proxy.toml: store.url: say which Redis, like \"redis://127.0.0.1:6379\"");
  CHECK(has(
      complaint_of("[store]\nurl = \"http://127.0.0.1\"\n"),
      "\"http://127.0.0.1\" does not begin with redis://, redis+sentinel:// or redis+cluster://"));
}

TEST_CASE("load: settings that cannot hold together are refused") {
  CHECK(complaint_of("[server]\nbody_bytes_total_max = 2097152\n") ==
        "proxy.toml: server.body_bytes_max (50331648) is more than server.body_bytes_total_max "
        "(2097152): lower the one or raise the other");
  CHECK(has(complaint_of("[limits]\noutput_tokens_max = 1024\noutput_tokens_min = 1025\n"),
            "limits.output_tokens_min (1025) is more than limits.output_tokens_max (1024)"));
  CHECK(has(complaint_of("[limits]\ncontext_tokens = 65536\n"),
            "limits.output_tokens_max (393216) is more than limits.context_tokens (65536)"));
  CHECK(complaint_of("[admin]\nlisten = \"localhost:8080\"\n") ==
        "proxy.toml: server.listen and admin.listen are both \"127.0.0.1:8080\": give each a port "
        "of its own");
  CHECK(load_text("[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n")
            .has_value());
}

TEST_CASE("load: the admin plane is not exposed by accident") {
  for (const char* far : {"0.0.0.0:8081", "[::]:8081", "192.0.2.7:8081"}) {
    INFO(far);
    const std::string listen = std::string("[admin]\nlisten = \"") + far + "\"\n";
    CHECK(has(complaint_of(listen), "can be reached from other machines"));
    CHECK(load_text(listen + "plain_http = \"anywhere\"\n").has_value());
  }
  for (const char* near : {"127.0.0.1:8081", "127.9.9.9:8081", "[::1]:8081"})
    CHECK(load_text(std::string("[admin]\nlisten = \"") + near + "\"\n").has_value());
}

TEST_CASE("load: the data directory follows the environment") {
  const variable home("HOME", "/home/somebody");
  {
    const variable state("XDG_STATE_HOME", nullptr);
    CHECK(config::default_data_directory() == "/home/somebody/.local/state/deepseek-proxy");
  }
  const variable state("XDG_STATE_HOME", "");
  CHECK(config::default_data_directory() == "/home/somebody/.local/state/deepseek-proxy");
  const auto loaded = load_text("[store]\npath = \"/data\"\n");
  REQUIRE(loaded.has_value());
  CHECK(loaded->store.path == "/data");
}

TEST_CASE("load: a price table that cannot be read or is wrong is named") {
  const directory here;
  const auto prices = here.write("prices.toml", "[[model]]\nname = 3\n");
  const std::string said = complaint_of("[limits]\nprices = \"" + prices.string() + "\"\n");
  CHECK(said == prices.string() + ":2: name is to be a string, not a whole number");
  CHECK(has(complaint_of("[limits]\nprices = \"/nowhere/prices.toml\"\n"),
            "cannot read /nowhere/prices.toml: No such file or directory"));
}
