// Answers of each format, as the upstream sends them, with what they cost.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "policies/usage/tap.hpp"

struct answer_sample {
  std::string name;
  policies::usage::body_format format;
  policies::usage::tap::kind kind;
  std::string body;
  policies::usage::answer_facts facts;
};

const std::vector<answer_sample>& answer_samples();

// `usage` as its parts: cached, prompt, output, reasoning.
policies::pricing::token_usage used(std::int64_t cached, std::int64_t prompt, std::int64_t output,
                                    std::int64_t reasoning = 0);

// `body` through a tap, cut into the pieces that `next_piece(offset)` gives the lengths of.
template <class NextPiece>
policies::usage::answer_facts tapped(policies::usage::tap& tap, const answer_sample& sample,
                                     NextPiece next_piece) {
  tap.start(sample.format, sample.kind, {});
  for (std::size_t at = 0; at < sample.body.size();) {
    const std::size_t length = next_piece(at);
    // A copy without a byte to spare: reading beyond it is a sanitizer's finding.
    const std::size_t end = std::min(at + length, sample.body.size());
    const std::vector<char> piece(sample.body.data() + at, sample.body.data() + end);
    tap.feed({piece.data(), piece.size()});
    at = end;
  }
  tap.finish();
  return tap.facts();
}

inline bool same(const policies::usage::answer_facts& a, const policies::usage::answer_facts& b) {
  return a.usage == b.usage && a.model == b.model && a.finished == b.finished &&
         a.is_error == b.is_error;
}
