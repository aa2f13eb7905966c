-- Outcomes of one key as the journal tells them, in the order of their lane: each counts once,
-- however often it is told, because the lane's progress moves in the same step. What was settled
-- before stays as it is; what the store has lost is charged all the same. The caller forgets these
-- ids (HDEL) once no copy of their reserve can come any more: before, it would take a hold that
-- nobody ends (tests/models found it). A request that was admitted from a lease has no hold of its
-- own: what it cost is no longer lent. Where Redis has less of the lane than it had acknowledged,
-- nothing is done: what is between would be passed over.
-- KEYS  1 holds of the root   2 progress of lanes for this key   3.. state of the key and parents
-- ARGV  1 lane   2 limits of each member   3 two i8: now or 0, the lane's progress that is known
--       4.. outcomes, ascending: i8 sequence, i8 1 ran, 0 never did, 2 ran while this Redis was away,
--           request id, i8 tokens, cost, month id, day id, lease: node and number, 12 bytes, the
--           number 0 for none
-- Returns how many were new, or -1: this Redis has forgotten.
local OUTCOME, NONE = '<i8i8c16i8i8i8i8c12', '\0\0\0\0'
local progress = tonumber(call('HGET', KEYS[2], ARGV[1]) or '0')
local given, acknowledged = unpacked('<i8i8', ARGV[3])
if progress < acknowledged then
  return -1
end
local states, limits, _, at = load_chain(3, ARGV[2])
if not states then
  return bad_state()
end
local now = clock(given)
advance(states, limits, max(at, now))
local fresh, changed, last, loans = 0, false, progress, {}

local function loan_of(name)
  if loans[name] == nil then
    local known = call('HGET', KEYS[1], name)
    loans[name] = known and read_loan(known) or false
  end
  return loans[name]
end

-- What `id` has at Redis by itself, if it has.
local function end_request(id, did, tokens, cost, month, day)
  local known = call('HGET', KEYS[1], id)
  local r = known and read_request(known)
  if not r then
    if did then
      settle_hold(states, limits, {0, 0, 0, 0, 0, month, day}, tokens, cost)
      changed = true
    end
  elseif r.phase ~= 'e' then
    if r.phase == 'o' then
      settle_hold(states, limits, r.hold, did and tokens or nil, did and cost or 0)
    else
      correct(states, limits, r, did and tokens or 0, did and cost or 0)
    end
    call('HSET', KEYS[1], id, ended_request(now, r.not_after))
    changed = true
  end
end

for i = 4, #ARGV do
  local sequence, ran, id, tokens, cost, month, day, lease = unpacked(OUTCOME, ARGV[i])
  if sequence > progress then
    local loan = part(lease, 9) ~= NONE and loan_of(lease)
    if not loan then
      end_request(id, ran > 0, tokens, cost, month, day)
      for j = 1, ran == 2 and #states or 0 do -- admitted while this Redis was away
        charge(states[j], RL, limits[j][1], 1)
      end
    elseif ran > 0 then
      settle_lent(states, limits, loan, tokens, cost, month, day)
      loan.used, changed = true, true
    end
    fresh, last = fresh + 1, sequence
  end
end
if changed then
  save_chain(3, states)
end
for name, loan in pairs(loans) do
  if loan and loan.used then
    if loan.closing == 1 and nothing_lent(loan) then
      call('HDEL', KEYS[1], name)
    else
      call('HSET', KEYS[1], name, packed_loan(loan))
    end
  end
end
if fresh > 0 then
  call('HSET', KEYS[2], ARGV[1], string.format('%.0f', last))
end
return fresh
