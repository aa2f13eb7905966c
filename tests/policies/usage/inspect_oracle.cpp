// The rules of inspect.hpp once more, over a tree.
#include "tests/policies/usage/inspect_oracle.hpp"

#include <algorithm>
#include <set>

#include "tests/policies/usage/slow_json.hpp"

namespace {

using policies::usage::body_format;
using slow_json::node;
using names = std::set<std::string, std::less<>>;

const names acted_on{"model",
                     "stream",
                     "stream_options",
                     "messages",
                     "input",
                     "prompt",
                     "suffix",
                     "system",
                     "instructions",
                     "tools",
                     "n",
                     "best_of",
                     "max_tokens",
                     "max_completion_tokens",
                     "max_output_tokens",
                     "thinking",
                     "reasoning_effort",
                     "reasoning",
                     "previous_response_id"};
const names caps{"max_tokens", "max_completion_tokens", "max_output_tokens"};
const names free_of_charge{"model",
                           "stream",
                           "stream_options",
                           "n",
                           "best_of",
                           "max_tokens",
                           "max_completion_tokens",
                           "max_output_tokens",
                           "thinking",
                           "reasoning_effort",
                           "reasoning",
                           "temperature",
                           "top_p",
                           "top_k",
                           "presence_penalty",
                           "frequency_penalty",
                           "logprobs",
                           "top_logprobs",
                           "logit_bias",
                           "seed",
                           "stop",
                           "stop_sequences",
                           "user",
                           "user_id",
                           "service_tier",
                           "store",
                           "parallel_tool_calls"};
const names not_searched{"response_format", "text",     "output_config", "tool_choice",
                         "function_call",   "metadata", "functions",     "tools"};
const names outside_fields{"conversation",       "container",        "mcp_servers",
                           "web_search_options", "attachments",      "tool_resources",
                           "file_ids",           "vector_store_ids", "previous_response_id"};
const names image_words{"image", "images", "image_url", "image_file", "input_image"};
const names reference_words{"file",
                            "files",
                            "file_id",
                            "file_ids",
                            "file_url",
                            "file_data",
                            "input_file",
                            "audio",
                            "audio_url",
                            "input_audio",
                            "video",
                            "video_url",
                            "document",
                            "documents",
                            "attachments",
                            "encrypted_content",
                            "previous_response_id",
                            "conversation"};
const names image_types{"image", "image_url", "image_file", "input_image", "computer_screenshot"};
const names text_types{"text",
                       "message",
                       "function",
                       "custom",
                       "refusal",
                       "input_text",
                       "output_text",
                       "summary_text",
                       "reasoning_text",
                       "reasoning",
                       "function_call",
                       "function_call_output",
                       "custom_tool_call",
                       "custom_tool_call_output",
                       "tool_use",
                       "tool_result",
                       "thinking",
                       "ephemeral"};

struct refused {};

// Letters folded as the most generous parser would; `changed` if that made a difference.
std::string folded(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i).starts_with("\xE2\x84\xAA"))
      out += 'k', i += 2;
    else if (name.substr(i).starts_with("\xC5\xBF"))
      out += 's', i += 1;
    else
      out += static_cast<char>(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
  }
  return out;
}

bool is_null(const node& value) {
  return value.what == node::kind::null;
}

struct search {
  bool tool_inputs = false;
  bool outside = false;
  bool images = false;
  std::int64_t template_tokens = 0;

  static std::int64_t names_in(const node& value) {
    auto count = static_cast<std::int64_t>(value.members.size());
    for (const node& item : value.items)
      count += names_in(item);
    for (const auto& [name, inner] : value.members)
      count += names_in(inner);
    return count;
  }

  void look(const node& value, std::size_t depth) {
    for (const node& item : value.items)
      look(item, depth + 1);
    for (const auto& [name, inner] : value.members) {
      const std::string word = folded(name);
      if (tool_inputs && word == "input" && depth == 4 &&
          (inner.what == node::kind::object || inner.what == node::kind::array)) {
        template_tokens += 24 * names_in(inner);
        continue;
      }
      if (word == "arguments" && inner.what == node::kind::string)
        template_tokens += 2 * (static_cast<std::int64_t>(inner.size()) - 2);
      if (word == "type" && !is_null(inner)) {
        outside |= inner.what != node::kind::string || !text_types.contains(inner.text);
        images |= inner.what == node::kind::string && image_types.contains(folded(inner.text));
      }
      images |= image_words.contains(word) && !is_null(inner);
      outside |= (image_words.contains(word) || reference_words.contains(word)) && !is_null(inner);
      look(inner, depth + 1);
    }
  }
};

class oracle {
 public:
  oracle(body_format format, std::string_view body) : format_(format), body_(body) {}

  expected_inspection run(const node& root) {
    check_names(root);
    for (const auto& [name, value] : root.members)
      member(name, value);
    if (out_.model.empty() && format_ != body_format::opaque)
      throw refused{};
    out_.multiplicity = std::min(out_.multiplicity * prompts_, std::int64_t{2147483647});
    out_.prompt_bound += out_.reasoning_max ? 256 : 0;
    out_.prompt_bound +=
        static_cast<std::int64_t>(std::max<std::size_t>(out_.message_count, 1)) * 64;
    out_.has_images &= format_ != body_format::opaque;
    return out_;
  }

 private:
  static void require(bool fine) {
    if (!fine)
      throw refused{};
  }

  static void check_names(const node& root) {
    names seen;
    for (const auto& [name, value] : root.members) {
      const std::string word = folded(name);
      if (!acted_on.contains(word))
        continue;
      require(word == name && seen.insert(word).second);
    }
  }

  static std::int64_t integer(const node& value) {
    require(value.what == node::kind::number && value.text.size() <= 10 &&
            value.text.find_first_not_of("0123456789") == std::string::npos);
    const std::int64_t number = std::stoll(value.text);
    require(number >= 1 && number < std::int64_t{1} << 31);
    return number;
  }

  // The one value of that name in a small object; twins in any case are refused.
  static std::string option(const node& value, std::string_view wanted) {
    std::string found;
    int count = 0;
    for (const auto& [name, inner] : value.members) {
      if (folded(name) != wanted)
        continue;
      ++count;
      if (inner.what != node::kind::object && inner.what != node::kind::array)
        found = inner.text;
    }
    require(count <= 1);
    return found;
  }

  void member(const std::string& name, const node& value) {
    const bool opaque = format_ == body_format::opaque;
    if (name == "model") {
      const std::string_view raw = body_.substr(value.begin, value.size());
      require(value.what == node::kind::string && raw.size() >= 3 && raw.size() <= 130 &&
              raw.find('\\') == raw.npos);
      out_.model = value.text;
    } else if (name == "stream") {
      require(value.what == node::kind::boolean || is_null(value));
      out_.stream = value.text == "true";
    } else if (caps.contains(name) && !opaque) {
      out_.caps[name] = is_null(value) ? std::nullopt : std::optional{integer(value)};
    } else if ((name == "n" || name == "best_of") && !opaque) {
      if (!is_null(value))
        out_.multiplicity = std::max(out_.multiplicity, integer(value));
    } else if (name == "stream_options") {
      out_.include_usage = option(value, "include_usage") == "true";
    } else if (name == "thinking") {
      out_.thinking_disabled |= option(value, "type") == "disabled";
    } else if (name == "reasoning") {
      effort(option(value, "effort"));
    } else if (name == "reasoning_effort") {
      (void)option(value, "effort");
      effort(value.what == node::kind::string ? value.text : "");
    } else if (!free_of_charge.contains(name)) {
      counted(name, value);
    }
  }

  void effort(const std::string& how) {
    out_.thinking_disabled |= how == "none";
    out_.reasoning_max |= how == "max";
  }

  void counted(const std::string& name, const node& value) {
    out_.prompt_bound += static_cast<std::int64_t>(value.size());
    const bool array = value.what == node::kind::array;
    const std::size_t elements = array ? value.items.size() : (is_null(value) ? 0 : 1);
    if (name == "messages" || name == "input")
      out_.message_count += elements;
    if (name == "suffix" || name == "system" || name == "instructions")
      out_.prompt_bound += static_cast<std::int64_t>(elements) * 64;
    if (name == "prompt")
      prompt(value, elements);
    if (name == "tools")
      tools(value);
    if (name == "functions")
      out_.prompt_bound += static_cast<std::int64_t>(value.size()) + 1024;
    out_.unbounded_prompt |= outside_fields.contains(folded(name)) && !is_null(value);
    if (not_searched.contains(name) || outside_fields.contains(folded(name)))
      return;
    search searching{.tool_inputs = format_ == body_format::anthropic && name == "messages"};
    searching.look(value, 1);
    out_.unbounded_prompt |= searching.outside;
    out_.has_images |= searching.images;
    out_.prompt_bound += searching.template_tokens;
  }

  void prompt(const node& value, std::size_t elements) {
    std::size_t count = elements;
    for (const node& item : value.items)
      count -= item.what == node::kind::number || item.what == node::kind::boolean;
    count = std::max<std::size_t>(count, 1);
    out_.prompt_bound += static_cast<std::int64_t>(count) * 64;
    out_.unbounded_prompt |= value.what == node::kind::object;
    if (format_ == body_format::fim)
      prompts_ = static_cast<std::int64_t>(count);
  }

  void tools(const node& value) {
    out_.prompt_bound += static_cast<std::int64_t>(value.size());
    const bool containers = std::any_of(value.items.begin(), value.items.end(), is_container);
    bool inner = false;
    for (const auto& [name, item] : value.members)
      inner |= is_container(item);
    out_.prompt_bound += containers || inner ? 1024 : 0;
    out_.unbounded_prompt |= value.what != node::kind::array && !is_null(value);
    for (const node& tool : value.items)
      out_.unbounded_prompt |= !runs_at_client(tool);
  }

  static bool is_container(const node& value) {
    return value.what == node::kind::object || value.what == node::kind::array;
  }

  bool runs_at_client(const node& tool) const {
    const bool anthropic = format_ == body_format::anthropic;
    if (!is_container(tool))
      return false;
    bool typed = false;
    for (const auto& [name, value] : tool.members) {
      if (folded(name) != "type" || is_null(value))
        continue;
      typed = true;
      const std::string_view raw = body_.substr(value.begin, value.size());
      if (raw != "\"custom\"" && (anthropic || raw != "\"function\""))
        return false;
    }
    return typed || anthropic;
  }

  body_format format_;
  std::string_view body_;
  std::int64_t prompts_ = 1;
  expected_inspection out_;
};

} // namespace

std::optional<expected_inspection> expect_inspection(body_format format, std::string_view body,
                                                     std::size_t depth_max) {
  const auto root = slow_json::parse(body, depth_max);
  if (!root || root->what != node::kind::object)
    return std::nullopt;
  try {
    return oracle{format, body}.run(*root);
  } catch (const refused&) {
    return std::nullopt;
  }
}
