// The files endpoints: multipart upload, list, one, its content, delete.
#include <fmt/format.h>

#include "bench/simulator/endpoints.hpp"
#include "bench/simulator/text.hpp"

namespace simulator {
namespace {

namespace http = boost::beast::http;

std::string file_text(const stored_file& file) {
  return fmt::format(R"({{"id":"{}","object":"file","bytes":{},"created_at":{},"filename":{},)"
                     R"("purpose":{},"status":"processed"}})",
                     file.id, file.content.size(), file.created, quoted(file.name),
                     quoted(file.purpose));
}

// The value of name="…" in a Content-Disposition line.
std::string_view parameter(std::string_view head, std::string_view name) {
  const std::string key = fmt::format(" {}=\"", name);
  const auto at = head.find(key);
  if (at == std::string_view::npos)
    return {};
  const auto rest = head.substr(at + key.size());
  return rest.substr(0, rest.find('"'));
}

std::string_view boundary_of(std::string_view type) {
  constexpr std::string_view key = "boundary=";
  const auto at = type.find(key);
  if (!type.starts_with("multipart/form-data") || at == std::string_view::npos)
    return {};
  auto value = type.substr(at + key.size());
  value = value.substr(0, value.find(';'));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return value;
}

// nullopt: no multipart form with a part `file`.
std::optional<stored_file> read_form(std::string_view type, std::string_view body) {
  const auto boundary = boundary_of(type);
  if (boundary.empty())
    return std::nullopt;
  const std::string delimiter = fmt::format("\r\n--{}", boundary);
  stored_file file;
  bool found = false;
  if (!body.starts_with(std::string_view(delimiter).substr(2)))
    return std::nullopt;
  body.remove_prefix(delimiter.size() - 2);
  while (body.starts_with("\r\n")) {
    const auto head_end = body.find("\r\n\r\n");
    const auto part_end = head_end == std::string_view::npos ? std::string_view::npos
                                                             : body.find(delimiter, head_end + 2);
    if (part_end == std::string_view::npos)
      return std::nullopt;
    const auto head = body.substr(0, head_end);
    const auto begin = std::min(head_end + 4, part_end);
    const auto content = body.substr(begin, part_end - begin);
    if (parameter(head, "name") == "file") {
      file.name = std::string(parameter(head, "filename"));
      file.content = std::string(content);
      found = true;
    } else if (parameter(head, "name") == "purpose") {
      file.purpose = std::string(content);
    }
    body.remove_prefix(part_end + delimiter.size());
  }
  return found && body.starts_with("--") ? std::optional{std::move(file)} : std::nullopt;
}

asio::awaitable<void> upload(exchange& x) {
  auto form = read_form(x.header("content-type"), x.request.body());
  if (!form) {
    co_await x.refuse(bad_request("Expected multipart/form-data with a part named file"));
    co_return;
  }
  form->created =
      std::chrono::floor<std::chrono::seconds>(x.row.arrival).time_since_epoch().count();
  const auto kept = x.state.files.add(std::move(*form));
  if (kept)
    co_await x.send(200, file_text(*kept));
  else
    co_await x.refuse(bad_request("Too many files"));
}

asio::awaitable<void> list(exchange& x) {
  std::string body = R"({"object":"list","data":[)";
  for (const auto& file : x.state.files.list())
    body += file_text(file) + ",";
  if (body.back() == ',')
    body.pop_back();
  co_await x.send(200, body + R"(],"has_more":false})");
}

} // namespace

asio::awaitable<void> serve_files(exchange& x, std::string rest) {
  if (co_await withhold_answer(x))
    co_return;
  const auto method = x.request.method();
  if (rest.empty()) {
    if (method == http::verb::post)
      co_await upload(x);
    else
      co_await list(x);
    co_return;
  }
  constexpr std::string_view content_suffix = "/content";
  const bool wants_content = rest.ends_with(content_suffix);
  const std::string id =
      rest.substr(1, rest.size() - 1 - (wants_content ? content_suffix.size() : 0));
  auto file = x.state.files.find(id);
  if (!file) {
    co_await x.refuse(not_found());
  } else if (method == http::verb::delete_) {
    x.state.files.remove(id);
    co_await x.send(200, fmt::format(R"({{"id":"{}","object":"file","deleted":true}})", id));
  } else if (wants_content) {
    co_await x.send(200, std::move(file->content), "application/octet-stream");
  } else {
    co_await x.send(200, file_text(*file));
  }
}

} // namespace simulator
