-- Under which name this Redis makes its history: a new one with each start and promotion, and when
-- its first replica comes. A script, so that a key says which master is meant.
-- KEYS  1 any name that lies there
-- Returns the replication id.
return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
