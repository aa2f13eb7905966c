// Charts as inline SVG and reports as one HTML page, from figures that somebody else gathered.
// Everything is a string: no store, no admin plane, no clock; nothing is loaded from elsewhere, so
// that a mail shows what a browser shows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::charts {

enum class shape { line, bar };
enum class unit { count, dollars, percent }; // percent: 0.25 is a quarter

struct point {
  std::string label; // on the axis: "11-28"
  double value = 0;
};

struct chart {
  std::string title;
  shape how = shape::line;
  unit of = unit::count;
  std::string_view colour = "#2563eb";
  std::vector<point> points; // oldest first
};

// A whole <svg> element, which may stand in HTML or in a file of its own. An empty chart says so.
std::string svg_of(const chart& what);

// One day, week or hour of a key or of the account.
struct period_sums {
  std::string label;
  std::int64_t requests = 0;
  std::int64_t tokens = 0;
  std::int64_t cost_nano = 0;
  std::int64_t errors = 0;
};

// The guide's four: requests, tokens, cost (bars), error rate. `every`: "Daily".
std::array<chart, 4> guide_charts(std::span<const period_sums> periods, std::string_view every);

struct html_table {
  std::string caption;
  std::vector<std::string> heads;
  std::vector<std::vector<std::string>> rows; // the first column to the left, others to the right
};

// What stands under one heading: figures in large, charts, tables.
struct section {
  std::string heading;
  std::vector<std::pair<std::string, std::string>> figures; // name, value
  std::vector<chart> charts;
  std::vector<html_table> tables;
};

struct page {
  std::string title;
  std::string subtitle;
  std::vector<section> sections;
};

// A self-contained document; every text is escaped. Dark where the reader's system is.
std::string html_of(const page& what);

std::string escaped(std::string_view text); // for HTML and XML
std::string text_of(double value, unit of); // "1,234", "$12.50", "2.5 %"

} // namespace proxy::charts
