-- How likely a delivered answer was under its adapter, in nats, as it was made: attribution need not compute it again. Answers
-- that were delivered before this migration do not know it.
ALTER TABLE answers ADD COLUMN log_prob REAL;
