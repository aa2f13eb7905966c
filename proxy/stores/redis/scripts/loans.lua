-- Prefixed to scripts that know leases of nodes, behind meters.lua. A lease lies among the holds of
-- its root, named after the node and its number: 'l' lent or 'd' expired, since, not_after,
-- sequence, owner, leaf, amounts as a hold has them, what the last step granted (requests, slots,
-- tokens, tokens at risk, money), 1 closing.
local LOAN = '<c1i8i8i8c16c16i8i8i8i8i8i8i8i8i8i8i8i8i8'

-- Amounts of a loan are 1 requests, 2 slots, 3 tokens, 4 tokens at risk, 5 money.
local function read_loan(raw)
  local phase = part(raw, 1, 1)
  if (phase ~= 'l' and phase ~= 'd') or #raw ~= 161 then
    return nil
  end
  local f = {unpacked(LOAN, raw)}
  return {phase = phase, since = f[2], not_after = f[3], sequence = f[4], owner = f[5], leaf = f[6],
    amount = {f[7], f[8], f[9], f[10], f[11]}, month = f[12], day = f[13],
    granted = {f[14], f[15], f[16], f[17], f[18]}, closing = f[19]}
end

local function packed_loan(r)
  local a, g = r.amount, r.granted
  return packed(LOAN, r.phase, r.since, r.not_after, r.sequence, r.owner, r.leaf, a[1], a[2],
    a[3], a[4], a[5], r.month, r.day, g[1], g[2], g[3], g[4], g[5], r.closing)
end

local function nothing_lent(r)
  local a = r.amount
  return a[1] == 0 and a[2] == 0 and a[3] == 0 and a[4] == 0 and a[5] == 0
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
local function settle_lent(states, limits, r, tokens, cost, month, day)
  local a = r.amount
  if r.phase == 'd' then
    local covered, money = min(tokens, a[3] + a[4]), min(cost, a[5])
    local was = {month = r.month, day = r.day, tokens = covered, cost = money}
    correct(states, limits, was, covered, 0)
    local held = min(covered, a[3])
    a[3], a[4], a[5] = a[3] - held, a[4] - (covered - held), a[5] - money
    tokens = tokens - covered
  else
    for i = 1, #states do
      loan_out(states[i], r)
    end
    a[3], a[5] = a[3] - tokens, a[5] - cost
    for i = 1, #states do
      loan_in(states[i], r)
    end
  end
  settle_hold(states, limits, {0, 0, 0, 0, 0, month, day}, tokens, cost)
end
