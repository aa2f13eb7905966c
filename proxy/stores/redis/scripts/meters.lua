-- Prefixed to every script of limits: packed state and the integer arithmetic of policies/limits,
-- whose C++ is the reference. Numbers are doubles, exact to 2^53; every amount stays below that.
--
-- State of a key, fifteen i8: at, requests level, held; tokens level, held; at risk; slots;
-- month id, spent, held; day id, spent, held; total spent, held.
-- Limits of a key, eight i8, -1 for none: requests rate, capacity; tokens rate, capacity; month;
-- day; total; slots.
-- A hold, seven i8: requests, slots, tokens, tokens at risk, money, month id, day id.
-- A request in the hash of holds begins with its phase, since and not_after: 'o' open goes on with
-- extended, owner, leaf and hold; 't' tombstone with leaf, month id, day id, charged tokens and
-- money; 'e' ended with nothing.
local STATE = '<i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8'
local LIMITS = '<i8i8i8i8i8i8i8i8'
local OPEN = '<c1i8i8i8c16c16i8i8i8i8i8i8i8'
local TOMB = '<c1i8i8c16i8i8i8i8'
local ENDED = '<c1i8i8'
local AT, RL, RH, TL, TH, RISK, SLOTS, MID, MS, MH, DID, DS, DH, SUM, SUMH =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
local WHOLE, HOUR, LEVEL_MAX, COUNT_MAX = 60000, 3600000, 8e15, 1e11
local SPENT_MAX, MONEY_MAX, DAY_MS, DEBT_MINUTES = 9e15, 1e15, 86400000, 10
local floor, min, max, call = math.floor, math.min, math.max, redis.call
local packed, unpacked, part = struct.pack, struct.unpack, string.sub

local function bounded(value, most)
  return value < 0 and 0 or value > most and most or value
end

-- The caller's clock where it gave one (a pretended clock, or a test), else Redis's own.
local function clock(given)
  if given > 0 then
    return given
  end
  local t = call('TIME')
  return t[1] * 1000 + floor(t[2] / 1000)
end

-- Year x 12 + month - 1, days since 1970: the civil calendar by H. Hinnant's algorithm.
local function windows(at)
  local day = floor(at / DAY_MS)
  local z = day + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local year, month = yoe + era * 400, mp + 3
  if month > 12 then
    year, month = year + 1, month - 12
  end
  return year * 12 + month - 1, day
end

-- States and limits of KEYS[first..]; also the strings as they were. Bad data is never decided on.
-- `states.tail`: what stands behind the root's state, '' where the root is open. A root's state
-- that is missing was lost: until every proxy has told again what it knows (root.lua), 'r' and the
-- proxies that have begun to stand there, and nothing is admitted.
local function load_chain(first, limits_packed)
  local states, limits, raws, at = {tail = ''}, {}, {}, 0
  local n = #KEYS - first + 1
  for i = 1, n do
    local raw = call('GET', KEYS[first + i - 1])
    if not raw then
      raw = string.rep('\0', 120)
      states.tail = i == n and 'r' or ''
    elseif #raw ~= 120 then
      if i < n or part(raw, 121, 121) ~= 'r' then
        return nil
      end
      states.tail = part(raw, 121)
      raw = part(raw, 1, 120)
    end
    local s = {unpacked(STATE, raw)}
    raws[i], states[i], limits[i] = raw, s, {unpacked(LIMITS, limits_packed, i * 64 - 63)}
    at = max(at, s[AT])
  end
  return states, limits, raws, at
end

local function bad_state()
  return redis.error_reply('BADSTATE a limit state is not fifteen integers: was it written by ' ..
    'something else?')
end

local function packed_state(s)
  return packed(STATE, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12],
    s[13], s[14], s[15])
end

-- Returns the states as they are written, without what stands behind them.
local function save_chain(first, states)
  local n, raws = #states, {}
  for i = 1, n do
    raws[i] = packed_state(states[i])
    call('SET', KEYS[first + i - 1], i == n and raws[i] .. states.tail or raws[i])
  end
  return raws
end

-- What time does: meters drain, an unlimited meter keeps no level, windows roll over. Everything
-- below is done to states that have been brought to now. Returns the windows of `at`.
local function advance(states, limits, at)
  local month, day = windows(at)
  for i = 1, #states do
    local s, l = states[i], limits[i]
    if at > s[AT] then
      local elapsed = min(at - s[AT], HOUR)
      s[RL] = l[1] >= 0 and max(0, s[RL] - l[1] * elapsed) or 0
      s[TL] = l[3] >= 0 and max(0, s[TL] - l[3] * elapsed) or 0
      s[AT] = at
    end
    if s[MID] < month then
      s[MID], s[MS], s[MH] = month, 0, 0
    end
    if s[DID] < day then
      s[DID], s[DS], s[DH] = day, 0, 0
    end
  end
  return month, day
end

local function charge(s, field, rate, wholes)
  if rate >= 0 then
    s[field] = min(LEVEL_MAX, s[field] + bounded(wholes, COUNT_MAX) * WHOLE)
  end
end

local function take_out(s, field, amount)
  local left = s[field] - amount
  s[field] = left > 0 and left or 0
end

local function spend(s, field, cost)
  s[field] = min(SPENT_MAX, s[field] + bounded(cost, SPENT_MAX))
end

-- A hold's money leaves a window and its cost enters, where the window is still the hold's.
local function close_window(s, id, made_in, spent, held, money, cost)
  if id == made_in then
    take_out(s, held, money)
  end
  if id <= made_in then
    spend(s, spent, cost)
  end
end

-- `h`: the hold; `tokens` nil: given back, nothing ran.
local function settle_hold(states, limits, h, tokens, cost)
  for i = 1, #states do
    local s, l = states[i], limits[i]
    take_out(s, RH, h[1])
    take_out(s, SLOTS, h[2])
    take_out(s, TH, h[3])
    take_out(s, RISK, h[4])
    close_window(s, s[MID], h[6], MS, MH, h[5], cost)
    close_window(s, s[DID], h[7], DS, DH, h[5], cost)
    close_window(s, 0, 0, SUM, SUMH, h[5], cost)
    if tokens then
      charge(s, RL, l[1], h[1])
      charge(s, TL, l[3], tokens)
    end
  end
end

-- A late truth about what was charged at its bound: money moves both ways, tokens only up.
local function correct(states, limits, tomb, tokens, cost)
  local was_tokens, was_cost = tomb.tokens, bounded(tomb.cost, SPENT_MAX)
  for i = 1, #states do
    local s, l = states[i], limits[i]
    if s[MID] <= tomb.month then
      take_out(s, MS, was_cost)
      spend(s, MS, cost)
    end
    if s[DID] <= tomb.day then
      take_out(s, DS, was_cost)
      spend(s, DS, cost)
    end
    take_out(s, SUM, was_cost)
    spend(s, SUM, cost)
    charge(s, TL, l[3], bounded(tokens, COUNT_MAX) - bounded(was_tokens, COUNT_MAX))
  end
end

local function read_request(raw)
  local phase = part(raw, 1, 1)
  local r = {phase = phase}
  if phase == 'o' then
    r.hold = {0, 0, 0, 0, 0, 0, 0}
    local h = r.hold
    phase, r.since, r.not_after, r.extended, r.owner, r.leaf, h[1], h[2], h[3], h[4], h[5], h[6],
      h[7] = unpacked(OPEN, raw)
  elseif phase == 't' then
    phase, r.since, r.not_after, r.leaf, r.month, r.day, r.tokens, r.cost = unpacked(TOMB, raw)
  else
    phase, r.since, r.not_after = unpacked(ENDED, raw)
  end
  return r
end

local function packed_hold(h)
  return packed('<i8i8i8i8i8i8i8', h[1], h[2], h[3], h[4], h[5], h[6], h[7])
end

-- `who`: owner and leaf.
local function open_request(since, not_after, extended, who, hold)
  return packed('<c1i8i8i8', 'o', since, not_after, extended) .. who .. hold
end

local function ended_request(now, not_after)
  return packed(ENDED, 'e', now, not_after)
end
