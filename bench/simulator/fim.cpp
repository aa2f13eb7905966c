// The FIM format: text_completion, whole and in chunks; no thinking, no tools.
#include <fmt/format.h>

#include "bench/simulator/dialect.hpp"

namespace simulator {
namespace {

class fim final : public dialect {
 public:
  explicit fim(const plan& what) : what_(what) {}

  void opening(std::string&) override {}

  void delta(std::string& out, part, std::string_view text) override {
    out += "data: ";
    render(out, text, "null", what_.include_usage ? "null" : "");
    out += "\n\n";
  }

  void closing(std::string& out) override {
    out += "data: ";
    render(out, "", fmt::format("\"{}\"", chat_finish(what_.finish)),
           what_.with_usage ? chat_usage(what_) : "");
    out += "\n\n";
  }

  void done(std::string& out) override { out += "data: [DONE]\n\n"; }

  std::string whole() override {
    std::string words;
    what_.content.append_to(words);
    std::string out;
    render(out, words, fmt::format("\"{}\"", chat_finish(what_.finish)),
           what_.with_usage ? chat_usage(what_) : "");
    return out;
  }

 private:
  void render(std::string& out, std::string_view text, std::string_view finish,
              std::string_view usage) {
    out += fmt::format(R"({{"id":"{}","choices":[{{"text":)", what_.id);
    append_quoted(out, text);
    out += fmt::format(R"(,"index":0,"logprobs":null,"finish_reason":{}}}],"created":{},)"
                       R"("model":"{}","system_fingerprint":"fp_simulator_0001",)"
                       R"("object":"text_completion")",
                       finish, what_.created, what_.model);
    if (!usage.empty()) {
      out += R"(,"usage":)";
      out += usage;
    }
    out += '}';
  }

  const plan& what_;
};

} // namespace

std::unique_ptr<dialect> fim_dialect(const plan& what) {
  return std::make_unique<fim>(what);
}

} // namespace simulator
