-- Amounts are decimal text: SQLite's integers end at 63 bits.

-- What each session was charged and the best voucher it gave us.
CREATE TABLE sessions (
    session_id        INTEGER PRIMARY KEY,
    charged           TEXT    NOT NULL,
    voucher_amount    TEXT    NOT NULL,
    voucher_sequence  INTEGER NOT NULL,
    voucher_signature BLOB    NOT NULL
);

-- Vouchers seen. A row without receipt is an answer in flight, or one that a crash cut off: it is never charged.
CREATE TABLE vouchers (
    session_id INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    reserved   TEXT    NOT NULL,
    in_flight  INTEGER NOT NULL,
    PRIMARY KEY (session_id, sequence)
);
CREATE INDEX vouchers_in_flight ON vouchers (session_id) WHERE in_flight = 1;

-- Signed receipts in serving order, with the openings of their commitments.
CREATE TABLE receipts (
    position       INTEGER PRIMARY KEY AUTOINCREMENT,
    id             BLOB    NOT NULL UNIQUE,
    session_id     INTEGER NOT NULL,
    opened         BLOB    NOT NULL,
    batch_sequence INTEGER,
    -- Why the receipt can never be charged: it is free, or its session ended before it was batched.
    uncollectable  TEXT
);
CREATE INDEX receipts_by_batch ON receipts (batch_sequence, position);

-- Batches as committed. Written before the transaction leaves, so that a restart sends the same batch again.
CREATE TABLE batches (
    sequence INTEGER PRIMARY KEY,
    header   BLOB    NOT NULL,
    vouchers BLOB    NOT NULL,
    batch_id INTEGER UNIQUE
);

-- Epochs as proposed to validators: one statement per epoch, ever.
CREATE TABLE proposals (
    epoch     INTEGER PRIMARY KEY,
    statement BLOB NOT NULL
);

-- Digests signed as a validator, written before a signature leaves the process.
CREATE TABLE signatures (
    epoch  INTEGER PRIMARY KEY,
    digest BLOB NOT NULL
);

-- Batches verified as a validator, and what each payee earns by them.
CREATE TABLE verified_batches (
    batch_id     INTEGER PRIMARY KEY,
    digest       BLOB    NOT NULL,
    reexecuted   INTEGER NOT NULL
);
CREATE TABLE verified_earnings (
    batch_id INTEGER NOT NULL REFERENCES verified_batches (batch_id),
    payee    TEXT    NOT NULL,
    amount   TEXT    NOT NULL,
    PRIMARY KEY (batch_id, payee)
);
