-- Prefixed to every script of limits: packed state and the integer arithmetic of policies/limits,
-- whose C++ is the reference. Numbers are doubles, exact to 2^53; every amount stays below that.
--
-- State of a key, fifteen i8: at, requests level, held; tokens level, held; at risk; slots;
-- month id, spent, held; day id, spent, held; total spent, held.
-- Limits of a key, eight i8, -1 for none: requests rate, capacity; tokens rate, capacity; month;
-- day; total; slots.
-- A hold, seven i8: requests, slots, tokens, tokens at risk, money, month id, day id.
-- A request in the hash of holds begins with its phase, since and not_after: 'o' open goes on with
-- extended, owner, leaf and hold; 't' tombstone with leaf, month id, day id, charged tokens, charged
-- money; 'e' ended with nothing. A lease of a node lies there too, named after the node and its
-- number: 'l' lent or 'd' expired, since, not_after, sequence, owner, leaf, amounts as a hold has
-- them, what the last step granted (requests, slots, tokens, tokens at risk, money), 1 closing.
local STATE = '<i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8'
local LIMITS = '<i8i8i8i8i8i8i8i8'
local OPEN = '<c1i8i8i8c16c16i8i8i8i8i8i8i8'
local TOMB = '<c1i8i8c16i8i8i8i8'
local ENDED = '<c1i8i8'
local LOAN = '<c1i8i8i8c16c16i8i8i8i8i8i8i8i8i8i8i8i8i8'
local AT, RL, RH, TL, TH, RISK, SLOTS, MID, MS, MH, DID, DS, DH, SUM, SUMH =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
local WHOLE, HOUR, LEVEL_MAX, COUNT_MAX = 60000, 3600000, 8e15, 1e11
local SPENT_MAX, MONEY_MAX, DAY_MS, DEBT_MINUTES = 9e15, 1e15, 86400000, 10
local floor, min, max = math.floor, math.min, math.max

local function bounded(value, most)
  return min(max(value, 0), most)
end

-- The caller's clock where it gave one (a pretended clock, or a test), else Redis's own.
local function clock(given)
  if given > 0 then
    return given
  end
  local t = redis.call('TIME')
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
-- `states.tail`: what stands behind the root's state. '' where the root is open. A root's state that
-- is missing was lost: until every proxy has told again what it knows (root.lua), 'r' and the
-- proxies that have begun to stand there, and nothing is admitted.
local function load_chain(first, packed)
  local states, limits, raws, at = {tail = ''}, {}, {}, 0
  local n = #KEYS - first + 1
  for i = 1, n do
    local raw = redis.call('GET', KEYS[first + i - 1])
    if not raw then
      raw = string.rep('\0', 120)
      states.tail = i == n and 'r' or ''
    elseif #raw ~= 120 then
      if i < n or string.sub(raw, 121, 121) ~= 'r' then
        return nil
      end
      states.tail = string.sub(raw, 121)
      raw = string.sub(raw, 1, 120)
    end
    raws[i] = raw
    states[i] = {struct.unpack(STATE, raw)}
    limits[i] = {struct.unpack(LIMITS, packed, (i - 1) * 64 + 1)}
    at = max(at, states[i][AT])
  end
  return states, limits, raws, at
end

local function bad_state()
  return redis.error_reply('BADSTATE a limit state is not fifteen integers: was it written by ' ..
    'something else?')
end

-- The answer where limits cannot decide: nil where they can.
local function undecided(states, now, id)
  if not states then
    return bad_state()
  end
  return states.tail ~= '' and {5, now, id} or nil
end

local function packed_state(s)
  return struct.pack(STATE, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11],
    s[12], s[13], s[14], s[15])
end

local function save_chain(first, states)
  local n = #states
  for i = 1, n do
    local packed = packed_state(states[i])
    redis.call('SET', KEYS[first + i - 1], i == n and packed .. states.tail or packed)
  end
end

-- What time does: meters drain, an unlimited meter keeps no level, windows roll over.
local function advance(s, l, at, month, day)
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

local function charge(s, field, rate, wholes)
  if rate >= 0 then
    s[field] = min(LEVEL_MAX, s[field] + bounded(wholes, COUNT_MAX) * WHOLE)
  end
end

local function fits(level, held, rate, capacity, asked)
  return rate > 0 and floor((level + WHOLE - 1) / WHOLE) + held + asked <= capacity
end

local function take_out(s, field, amount)
  s[field] = max(0, s[field] - amount)
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
local function settle_hold(states, limits, at, h, tokens, cost)
  local month, day = windows(at)
  for i = 1, #states do
    local s, l = states[i], limits[i]
    advance(s, l, at, month, day)
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
local function correct(states, limits, at, tomb, tokens, cost)
  local month, day = windows(at)
  local was_tokens, was_cost = tomb.tokens, bounded(tomb.cost, SPENT_MAX)
  for i = 1, #states do
    local s, l = states[i], limits[i]
    advance(s, l, at, month, day)
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
  local phase = string.sub(raw, 1, 1)
  local r = {phase = phase}
  if phase == 'o' then
    local f = {struct.unpack(OPEN, raw)}
    r.since, r.not_after, r.extended, r.owner, r.leaf = f[2], f[3], f[4], f[5], f[6]
    r.hold = {f[7], f[8], f[9], f[10], f[11], f[12], f[13]}
  elseif phase == 't' then
    local f = {struct.unpack(TOMB, raw)}
    r.since, r.not_after, r.leaf = f[2], f[3], f[4]
    r.month, r.day, r.tokens, r.cost = f[5], f[6], f[7], f[8]
  else
    local f = {struct.unpack(ENDED, raw)}
    r.since, r.not_after = f[2], f[3]
  end
  return r
end

local function open_request(since, not_after, extended, owner, leaf, h)
  return struct.pack(OPEN, 'o', since, not_after, extended, owner, leaf, h[1], h[2], h[3], h[4],
    h[5], h[6], h[7])
end

-- Amounts of a loan are 1 requests, 2 slots, 3 tokens, 4 tokens at risk, 5 money.
local function read_loan(raw)
  local phase = string.sub(raw, 1, 1)
  if (phase ~= 'l' and phase ~= 'd') or #raw ~= 161 then
    return nil
  end
  local f = {struct.unpack(LOAN, raw)}
  return {phase = phase, since = f[2], not_after = f[3], sequence = f[4], owner = f[5], leaf = f[6],
    amount = {f[7], f[8], f[9], f[10], f[11]}, month = f[12], day = f[13],
    granted = {f[14], f[15], f[16], f[17], f[18]}, closing = f[19]}
end

local function packed_loan(r)
  local a, g = r.amount, r.granted
  return struct.pack(LOAN, r.phase, r.since, r.not_after, r.sequence, r.owner, r.leaf, a[1], a[2],
    a[3], a[4], a[5], r.month, r.day, g[1], g[2], g[3], g[4], g[5], r.closing)
end

local function nothing_lent(r)
  local a = r.amount
  return a[1] == 0 and a[2] == 0 and a[3] == 0 and a[4] == 0 and a[5] == 0
end

local function advance_all(states, limits, at)
  local month, day = windows(at)
  for i = 1, #states do
    advance(states[i], limits[i], at, month, day)
  end
  return month, day
end

-- A loan in debt holds nothing: what was used beyond it is in the meters and sums already.
local function loan_out(s, r)
  local a = r.amount
  local money = max(a[5], 0)
  take_out(s, RH, max(a[1], 0))
  take_out(s, SLOTS, max(a[2], 0))
  take_out(s, TH, max(a[3], 0))
  take_out(s, RISK, max(a[4], 0))
  if s[MID] == r.month then
    take_out(s, MH, money)
  end
  if s[DID] == r.day then
    take_out(s, DH, money)
  end
  take_out(s, SUMH, money)
end

local function loan_in(s, r)
  local a = r.amount
  local money = max(a[5], 0)
  s[RH], s[SLOTS] = s[RH] + max(a[1], 0), s[SLOTS] + max(a[2], 0)
  s[TH], s[RISK] = s[TH] + max(a[3], 0), s[RISK] + max(a[4], 0)
  if s[MID] == r.month then
    s[MH] = s[MH] + money
  end
  if s[DID] == r.day then
    s[DH] = s[DH] + money
  end
  s[SUMH] = s[SUMH] + money
end

-- A request of a loan has ended. Of an expired one, money that was charged with it is not charged
-- twice.
local function settle_lent(states, limits, at, r, tokens, cost, month, day)
  local a = r.amount
  if r.phase == 'd' then
    local covered, money = min(tokens, a[3] + a[4]), min(cost, a[5])
    correct(states, limits, at,
      {month = r.month, day = r.day, tokens = covered, cost = money}, covered, 0)
    local held = min(covered, a[3])
    a[3], a[4], a[5] = a[3] - held, a[4] - (covered - held), a[5] - money
    tokens = tokens - covered
  else
    advance_all(states, limits, at)
    for i = 1, #states do
      loan_out(states[i], r)
    end
    a[3], a[5] = a[3] - tokens, a[5] - cost
    for i = 1, #states do
      loan_in(states[i], r)
    end
  end
  settle_hold(states, limits, at, {0, 0, 0, 0, 0, month, day}, tokens, cost)
end
