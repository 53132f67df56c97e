-- Answers that were delivered and wait to be attributed, as receipts without attribution and signature. Their vouchers stay in
-- flight, with the exact fee, until the receipt takes the answer's place: a restart goes on where it was.
CREATE TABLE answers (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    draft      BLOB    NOT NULL,
    UNIQUE (session_id, sequence)
);

-- A client that did not wait finds its receipt by its voucher. Receipts from before this migration are found by their ids.
ALTER TABLE receipts ADD COLUMN voucher_sequence INTEGER;
CREATE UNIQUE INDEX receipts_by_voucher ON receipts (session_id, voucher_sequence);
