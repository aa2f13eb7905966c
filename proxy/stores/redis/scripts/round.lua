-- What one data thread tells and asks of one key's chain in one turn of its loop: holds that end,
-- then requests that want to be held, on every member of the chain or none. One step, so that no
-- two proxies can both take what only one may have, and the price of a script is paid once for all
-- of a turn. Each is answered as if it had come alone; asked again with its id, it gets the same.
-- This is what Redis does most: it shares nothing with the other scripts, for a function made anew
-- in each call costs more than what it does. Layouts are told in meters.lua.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 a word that is told back: an answer that came in another's place is none
--       2 owner and leaf, 32 letters   3 limits of each member   4 two i8: now or 0, not_after
--       5.. a letter, 16 bytes of request id, numbers as i8:
--           s settled: tokens, cost   c cancelled: everything is given back
--           r reserve: requests, slots, tokens, tokens at risk, money wanted, least money,
--             1 provisional
--           x extend, the second step of a provisional hold, once its body is known: adds tokens
--             and money, turns held requests into used ones: tokens, at risk, wanted, least
-- Returns {word, now, one answer to each, state...}. To r and x its hold, 2 refused (the asker
-- works out which limit and until when from the states), 3 too late, 5 the root was lost and is not
-- open again. To s and c 1 applied, 2 duplicate, 3 corrected, 4 unknown: what a store does not know
-- is left to the journal, which tells every dispatched request again (apply.lua); an ended request
-- is remembered until then.
local STATE = '<i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8'
local OPEN = '<c1i8i8i8c16c16i8i8i8i8i8i8i8'
local AT, RL, RH, TL, TH, RISK, SLOTS, MID, MS, MH, DID, DS, DH, SUM, SUMH =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
local RATE, BURST, TRATE, TBURST, MONTH, DAY, TOTAL, SLOTS_MAX = 1, 2, 3, 4, 5, 6, 7, 8
local WHOLE, HOUR, LEVEL_MAX, COUNT_MAX, DAY_MS = 60000, 3600000, 8e15, 1e11, 86400000
local SPENT_MAX, MONEY_MAX, DEBT_MINUTES = 9e15, 1e15, 10
local call, floor, min, max = redis.call, math.floor, math.min, math.max
local packed, unpacked, part = struct.pack, struct.unpack, string.sub

local now, not_after = unpacked('<i8i8', ARGV[4])
if now <= 0 then
  local t = call('TIME')
  now = t[1] * 1000 + floor(t[2] / 1000)
end
local members, asked = #KEYS - 1, #ARGV - 4
local states, limits, raws, at, tail = {}, {}, {}, now, ''
for i = 1, members do
  local raw = call('GET', KEYS[i + 1])
  if not raw then
    raw = string.rep('\0', 120)
    tail = i == members and 'r' or ''
  elseif #raw ~= 120 then
    tail = part(raw, 121)
    if i < members or part(tail, 1, 1) ~= 'r' then
      return redis.error_reply('BADSTATE a limit state is not fifteen integers: was it written ' ..
        'by something else?')
    end
    raw = part(raw, 1, 120)
  end
  local s = {unpacked(STATE, raw)}
  raws[i], states[i], limits[i] = raw, s, {unpacked('<i8i8i8i8i8i8i8i8', ARGV[3], i * 64 - 63)}
  at = max(at, s[AT])
end

-- Year x 12 + month - 1, days since 1970: the civil calendar by H. Hinnant's algorithm.
local day = floor(at / DAY_MS)
local era = floor((day + 719468) / 146097)
local doe = day + 719468 - era * 146097
local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
local mp = floor((5 * (doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))) + 2) / 153)
local month = (yoe + era * 400) * 12 + mp + 2

-- What time does: meters drain, an unlimited meter keeps no level, windows roll over.
local deep = {} -- members that would lose time by the clamp to an hour
for i = 1, members do
  local s, l = states[i], limits[i]
  if (l[RATE] >= 0 and s[RL] > l[RATE] * HOUR) or (l[TRATE] >= 0 and s[TL] > l[TRATE] * HOUR) then
    deep[i] = true
  end
  if at > s[AT] then
    local elapsed = min(at - s[AT], HOUR)
    s[RL] = l[RATE] >= 0 and max(0, s[RL] - l[RATE] * elapsed) or 0
    s[TL] = l[TRATE] >= 0 and max(0, s[TL] - l[TRATE] * elapsed) or 0
    s[AT] = at
  end
  if s[MID] < month then
    s[MID], s[MS], s[MH] = month, 0, 0
  end
  if s[DID] < day then
    s[DID], s[DS], s[DH] = day, 0, 0
  end
end

local ids, known = {}, {}
for j = 1, asked do
  ids[j] = part(ARGV[j + 4], 2, 17)
end
local records = call('HMGET', KEYS[1], unpack(ids))
for j = 1, asked do
  known[ids[j]] = records[j]
end
local answer, written, changed, refused = {ARGV[1], now}, {}, false, false

for j = 1, asked do
  local op, id = ARGV[j + 4], ids[j]
  local what, raw = part(op, 1, 1), known[id]
  local phase, said, record = raw and part(raw, 1, 1), nil, nil
  local _, since, until_ms, extended, owner, leaf, h1, h2, h3, h4, h5, h6, h7
  if phase == 'o' then
    _, since, until_ms, extended, owner, leaf, h1, h2, h3, h4, h5, h6, h7 = unpacked(OPEN, raw)
  end

  if what == 's' or what == 'c' then
    local tokens, cost = 0, 0
    if what == 's' then
      tokens, cost = unpacked('<i8i8', op, 18)
      tokens, cost = min(max(tokens, 0), COUNT_MAX), min(max(cost, 0), SPENT_MAX)
    end
    if not phase then
      said = 4
      if what == 'c' then -- it overtakes its reserve: that one comes too late now
        record = packed('<c1i8i8', 'e', now, 0)
      end
    elseif phase == 'o' then
      said, changed = 1, true
      record = packed('<c1i8i8', 'e', now, until_ms)
      for i = 1, members do
        local s, l = states[i], limits[i]
        s[RH], s[SLOTS] = max(0, s[RH] - h1), max(0, s[SLOTS] - h2)
        s[TH], s[RISK] = max(0, s[TH] - h3), max(0, s[RISK] - h4)
        if s[MID] == h6 then
          s[MH] = max(0, s[MH] - h5)
        end
        if s[MID] <= h6 then
          s[MS] = min(SPENT_MAX, s[MS] + cost)
        end
        if s[DID] == h7 then
          s[DH] = max(0, s[DH] - h5)
        end
        if s[DID] <= h7 then
          s[DS] = min(SPENT_MAX, s[DS] + cost)
        end
        s[SUMH], s[SUM] = max(0, s[SUMH] - h5), min(SPENT_MAX, s[SUM] + cost)
        if what == 's' and l[RATE] >= 0 then
          s[RL] = min(LEVEL_MAX, s[RL] + h1 * WHOLE)
        end
        if l[TRATE] >= 0 then
          s[TL] = min(LEVEL_MAX, s[TL] + tokens * WHOLE)
        end
      end
    elseif phase == 't' then -- a late truth: money moves both ways, tokens only up
      said, changed = 3, true
      local made_in, made_on, was_tokens, was_cost
      _, since, until_ms, leaf, made_in, made_on, was_tokens, was_cost =
        unpacked('<c1i8i8c16i8i8i8i8', raw)
      record = packed('<c1i8i8', 'e', now, until_ms)
      local more = max(tokens - min(was_tokens, COUNT_MAX), 0)
      for i = 1, members do
        local s, l = states[i], limits[i]
        if s[MID] <= made_in then
          s[MS] = min(SPENT_MAX, max(0, s[MS] - was_cost) + cost)
        end
        if s[DID] <= made_on then
          s[DS] = min(SPENT_MAX, max(0, s[DS] - was_cost) + cost)
        end
        s[SUM] = min(SPENT_MAX, max(0, s[SUM] - was_cost) + cost)
        if l[TRATE] >= 0 then
          s[TL] = min(LEVEL_MAX, s[TL] + more * WHOLE)
        end
      end
    else
      said = 2
    end

  elseif tail ~= '' then
    said = 5
  elseif (what == 'r' and phase == 'o') or (what == 'x' and extended == 1) then
    said = part(raw, 58, 113)
  elseif (what == 'r' and (phase or now > not_after)) or (what == 'x' and phase ~= 'o') then
    said = 3
  else
    local requests, slots, tokens, risk, want, least, provisional = 0, 0, nil, nil, nil, nil, 0
    if what == 'r' then
      requests, slots, tokens, risk, want, least, provisional = unpacked('<i8i8i8i8i8i8i8', op, 18)
      requests, slots = min(max(requests, 0), COUNT_MAX), min(max(slots, 0), COUNT_MAX)
    else
      tokens, risk, want, least = unpacked('<i8i8i8i8', op, 18)
    end
    tokens, risk = min(max(tokens, 0), COUNT_MAX), min(max(risk, 0), COUNT_MAX)
    want = min(max(want, 0), MONEY_MAX)
    least = min(max(least, 0), want)
    local granted, admitted = want, true
    for i = 1, members do
      local s, l = states[i], limits[i]
      local rate, slots_max = l[RATE], l[SLOTS_MAX]
      if what == 'r' and ((rate >= 0 and (rate == 0 or
        floor((s[RL] + WHOLE - 1) / WHOLE) + s[RH] + requests > l[BURST])) or
        (slots_max >= 0 and (slots_max == 0 or s[SLOTS] + slots > slots_max))) then
        admitted = false
      end
      rate = l[TRATE]
      if rate >= 0 and (rate == 0 or
        floor((s[TL] + WHOLE - 1) / WHOLE) + s[TH] + tokens > l[TBURST] or
        (risk > 0 and s[RISK] + risk > rate * DEBT_MINUTES)) then
        admitted = false
      end
      -- Where an extended hold's window has passed, its money is to be held once more in this one.
      local unheld, most = nil, l[MONTH]
      if most >= 0 then
        unheld = most - s[MS] - s[MH] - (h6 and h6 ~= s[MID] and h5 or 0)
        granted, admitted = min(granted, unheld), admitted and most > 0 and unheld >= least
      end
      most = l[DAY]
      if most >= 0 then
        unheld = most - s[DS] - s[DH] - (h7 and h7 ~= s[DID] and h5 or 0)
        granted, admitted = min(granted, unheld), admitted and most > 0 and unheld >= least
      end
      most = l[TOTAL]
      if most >= 0 then
        unheld = most - s[SUM] - s[SUMH]
        granted, admitted = min(granted, unheld), admitted and most > 0 and unheld >= least
      end
      if not admitted then
        break
      end
    end
    if not admitted then
      said, refused = 2, true
    else
      changed = true
      local used, held = requests, 0 -- of requests: at once, or with the second step
      if what == 'x' then
        used, held = h1, -h1
      elseif provisional == 1 then
        used, held = 0, requests
      end
      for i = 1, members do
        local s = states[i]
        s[RH] = s[RH] + held
        if limits[i][RATE] >= 0 then
          s[RL] = min(LEVEL_MAX, s[RL] + used * WHOLE)
        end
        s[SLOTS], s[TH], s[RISK] = s[SLOTS] + slots, s[TH] + tokens, s[RISK] + risk
        s[MH] = s[MH] + granted + (h6 and h6 ~= s[MID] and h5 or 0)
        s[DH] = s[DH] + granted + (h7 and h7 ~= s[DID] and h5 or 0)
        s[SUMH] = s[SUMH] + granted
      end
      if what == 'x' then
        said = packed('<i8i8i8i8i8i8i8', 0, h2, h3 + tokens, h4 + risk, h5 + granted, month, day)
        record = packed('<c1i8i8i8', 'o', since, until_ms, 1) .. owner .. leaf .. said
      else
        said = packed('<i8i8i8i8i8i8i8', held, slots, tokens, risk, granted, month, day)
        record = packed('<c1i8i8i8', 'o', now, not_after, 0) .. ARGV[2] .. said
      end
    end
  end

  answer[j + 2] = said
  if record then
    known[id] = record
    written[#written + 1] = id
    written[#written + 1] = record
  end
end

for i = 1, members do
  if changed or (refused and deep[i]) then
    local s = states[i]
    raws[i] = packed(STATE, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11],
      s[12], s[13], s[14], s[15])
    call('SET', KEYS[i + 1], i == members and raws[i] .. tail or raws[i])
  end
end
if #written > 0 then
  call('HSET', KEYS[1], unpack(written))
end
for i = 1, members do
  answer[asked + 2 + i] = raws[i]
end
return answer
