-- Turns one hold that nobody has ended for too long into a charge at its bound, leaving a tombstone
-- for a late truth, and forgets what ended long ago. The age is judged here: the asker's list may
-- be out of date. A lease whose node has told nothing for as long is charged in the same way.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 request id   2 limits of each member   3 three i8: now or 0, lifetime, memory
-- Returns 0 nothing to do, 1 charged, 2 forgotten.
local id = ARGV[1]
local a = {unpacked('<i8i8i8', ARGV[3])}
local known = call('HGET', KEYS[1], id)
if not known then
  return 0
end
local now = clock(a[1])
local loan = read_loan(known)
local r = loan or read_request(known)
if r.phase ~= 'o' and r.phase ~= 'l' then
  if now > r.not_after and now - r.since > a[3] then
    call('HDEL', KEYS[1], id)
    return 2
  end
  return 0
end
if now - r.since <= a[2] then
  return 0
end
local states, limits, _, at = load_chain(2, ARGV[2])
if not states then
  return bad_state()
end
advance(states, limits, max(at, now))
if loan then
  for j = 1, 5 do
    loan.amount[j] = max(loan.amount[j], 0)
  end
  local a = loan.amount
  for i = 1, #states do
    loan_out(states[i], loan)
    charge(states[i], RL, limits[i][1], a[1])
  end
  settle_hold(states, limits, {0, 0, 0, 0, 0, loan.month, loan.day}, a[3] + a[4], a[5])
  save_chain(2, states)
  loan.phase, loan.since = 'd', now
  call('HSET', KEYS[1], id, packed_loan(loan))
  return 1
end
local h = r.hold
settle_hold(states, limits, h, h[3] + h[4], h[5])
save_chain(2, states)
call('HSET', KEYS[1], id,
  packed(TOMB, 't', now, r.not_after, r.leaf, h[6], h[7], h[3] + h[4], h[5]))
return 1
