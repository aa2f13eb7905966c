// What comes back from disk and from Redis: a journal whose bytes were damaged, and replies that
// are not what was asked for.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

#include <spdlog/spdlog.h>
#include <stdlib.h>

#include "proxy/journal/keeper.hpp"
#include "proxy/journal/segment_format.hpp"
#include "proxy/stores/redis/limit_answer.hpp"
#include "proxy/stores/redis/resp.hpp"
#include "tests/fuzz/target.hpp"

namespace fuzz {
namespace {

namespace journal = proxy::journal;
namespace redis = proxy::stores::redis;

constexpr std::uint64_t lane = 7;
constexpr std::size_t slots = 24;

// A directory in memory where there is one; gone with the process.
struct scratch {
  scratch() {
    std::string name = std::filesystem::exists("/dev/shm") ? "/dev/shm/fuzz-journal-XXXXXX"
                                                           : "/tmp/fuzz-journal-XXXXXX";
    path = ::mkdtemp(name.data());
    spdlog::set_level(spdlog::level::off);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

const std::filesystem::path& directory() {
  static const scratch made;
  return made.path;
}

struct counting : journal::sink {
  bool apply(std::span<const journal::batch> batches) override {
    for (const journal::batch& one : batches) {
      for (const journal::entry& e : one.entries) {
        claim(e.crc == journal::checksum_of(e), "rows are sound");
        claim(e.sequence > last[one.lane], "each row counts once, in order");
        last[one.lane] = e.sequence;
        ++rows;
      }
    }
    return true;
  }
  std::vector<journal::lane_progress> progress() const {
    std::vector<journal::lane_progress> all;
    for (const auto& [id, sequence] : last)
      all.push_back({id, sequence});
    return all;
  }
  std::map<std::uint64_t, std::uint64_t> last;
  std::size_t rows = 0;
};

// The input lies over a good header, seal and entries; checksums are put right where it asks for
// it, or no damage would get past them.
class damaged_segment {
 public:
  explicit damaged_segment(std::string_view input) : rest_(behind(input, 1)) {
    const auto mended = static_cast<std::uint8_t>(input.empty() ? '\0' : input.front());
    bytes_.resize(journal::header_bytes + slots * sizeof(journal::entry));
    journal::segment_spec spec;
    spec.lane = lane;
    spec.number = 1;
    journal::disk_header header = journal::make_header(spec, slots);
    lay_over(header);
    journal::disk_seal seal;
    lay_over(seal);
    if ((mended & 1) != 0)
      header.crc = journal::checksum_before_crc(header);
    if ((mended & 2) != 0)
      seal.crc = journal::checksum_before_crc(seal);
    put(header, 0);
    put(seal, journal::seal_offset);
    for (std::size_t slot = 0; slot < slots && !rest_.empty(); ++slot)
      put_entry(slot, header.first + slot, mended);
    if ((mended & 16) != 0)
      bytes_.resize(bytes_.size() * static_cast<std::size_t>(mended >> 5) / 8);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class Part>
  void lay_over(Part& part) {
    char raw[sizeof part];
    std::memcpy(raw, &part, sizeof part);
    const std::size_t count = std::min(rest_.size(), sizeof raw);
    for (std::size_t i = 0; i < count; ++i)
      raw[i] = static_cast<char>(raw[i] ^ rest_[i]);
    rest_.remove_prefix(count);
    std::memcpy(&part, raw, sizeof part);
  }
  template <class Part>
  void put(const Part& part, std::size_t at) {
    std::memcpy(bytes_.data() + at, &part, sizeof part);
  }
  void put_entry(std::size_t slot, std::uint64_t sequence, std::uint8_t mended) {
    journal::entry e{};
    lay_over(e);
    if ((mended & 4) != 0)
      e.sequence = sequence;
    if ((mended & 8) != 0)
      e.crc = journal::checksum_of(e);
    put(e, journal::header_bytes + slot * sizeof e);
  }

  std::string_view rest_;
  std::string bytes_;
};

void recover_into(counting& store) {
  journal::keeper_settings settings;
  settings.directory = directory();
  settings.segment_bytes = 64 << 10;
  settings.retention = std::chrono::hours{24 * 366 * 200};
  auto keeper = journal::keeper::open(settings);
  claim(keeper.has_value(), "the journal opens");
  const auto progress = store.progress();
  (void)(*keeper)->recover(progress, store, 9'000);
  (*keeper)->scan({.from_ms = 0, .until_ms = INT64_MAX}, [](const auto&) { return true; });
}

void walk(const redisReply& r) {
  (void)redis::number_of(r);
  const std::string_view text = redis::text_of(r);
  (void)redis::unpack_state(text);
  (void)redis::unpack_hold(text);
  (void)redis::unpack_request(text);
  (void)redis::read_answer(r);
  (void)redis::read_lent(r);
  (void)redis::read_round(r, 1);
  for (const redisReply* const item : redis::items_of(r))
    if (item)
      walk(*item);
}

std::size_t read_all(redis::reply_reader& from) {
  std::size_t count = 0;
  for (redis::reply one = from.next(); one; one = from.next(), ++count)
    walk(*one);
  return count;
}

} // namespace

void journal_file(std::string_view input) {
  for (const auto& at : std::filesystem::directory_iterator(directory()))
    std::filesystem::remove_all(at.path());
  const damaged_segment file{input};
  const auto path = directory() / journal::segment_name(lane, 1);
  std::FILE* const out = std::fopen(path.c_str(), "wb");
  claim(out != nullptr, "there is room for a file");
  std::fwrite(file.bytes().data(), 1, file.bytes().size(), out);
  std::fclose(out);
  counting store;
  recover_into(store);
  const std::size_t rows = store.rows;
  recover_into(store);
  claim(store.rows == rows, "what was recovered is not recovered again");
}

void redis_reply(std::string_view input) {
  choices chosen{input.substr(0, 1)};
  const std::size_t step = 1 + std::size_t{chosen.next()};
  const std::string_view bytes = behind(input, 1);
  constexpr std::size_t bytes_max = 1 << 16;
  redis::reply_reader whole{bytes_max};
  const exact_copy all{bytes};
  const std::size_t count =
      whole.feed(all.bytes.data(), all.bytes.size()) ? read_all(whole) : std::size_t{0};
  redis::reply_reader pieces{bytes_max};
  std::size_t count_pieces = 0;
  for (std::size_t at = 0; at < bytes.size() && !pieces.broken(); at += step) {
    const exact_copy part{bytes.substr(at, step)};
    if (pieces.feed(part.bytes.data(), part.bytes.size()))
      count_pieces += read_all(pieces);
  }
  if (!whole.broken() && !pieces.broken())
    claim(count == count_pieces, "replies are the same however they are cut");
}

} // namespace fuzz
