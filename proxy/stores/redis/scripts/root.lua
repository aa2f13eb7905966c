-- The limits of a root, closed while they are told again: a root that is new is open, one that was
-- lost is opened when every proxy that could know of it has told it, here and to no earlier copy.
-- Who begins first begins with nothing: what is left of the root without its state would count in
-- part.
-- KEYS  1 state of the root   2.. begin: whatever else there is of the root and its children
-- ARGV  1 make, begin or open   2 begin: this proxy; open: all that have told; 16 letters each
-- Returns 1 done, 0 it was open, -1 it was lost once more.
local raw = redis.call('GET', KEYS[1])
local empty = string.rep('\0', 120)
if raw and #raw == 120 then
  return 0
end
if ARGV[1] == 'make' then
  if raw then
    return -1
  end
  redis.call('SET', KEYS[1], empty)
  return 1
end
local tail = raw and string.sub(raw, 121) or 'r'
if string.sub(tail, 1, 1) ~= 'r' then
  return redis.error_reply('BADSTATE a limit state is not fifteen integers: was it written by ' ..
    'something else?')
end
local missing = not raw
for i = 1, #ARGV[2], 16 do
  local node = string.sub(ARGV[2], i, i + 15)
  if not string.find(tail, node, 1, true) then
    missing, tail = true, tail .. node
  end
end
if ARGV[1] == 'begin' then
  if not raw or #raw == 121 then
    redis.call('SET', KEYS[1], empty .. tail)
    for i = 2, #KEYS do
      redis.call('DEL', KEYS[i])
    end
  else
    redis.call('SET', KEYS[1], string.sub(raw, 1, 120) .. tail)
  end
  return 1
end
if missing then
  return -1
end
redis.call('SET', KEYS[1], string.sub(raw, 1, 120))
return 1
