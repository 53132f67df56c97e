-- An epoch may take several rounds; in each a node proposes, and a validator signs, one statement.
CREATE TABLE proposals_of_rounds (
    epoch     INTEGER NOT NULL,
    round     INTEGER NOT NULL,
    statement BLOB    NOT NULL,
    PRIMARY KEY (epoch, round)
);
INSERT INTO proposals_of_rounds SELECT epoch, 0, statement FROM proposals;
DROP TABLE proposals;
ALTER TABLE proposals_of_rounds RENAME TO proposals;

CREATE TABLE signatures_of_rounds (
    epoch  INTEGER NOT NULL,
    round  INTEGER NOT NULL,
    digest BLOB    NOT NULL,
    PRIMARY KEY (epoch, round)
);
INSERT INTO signatures_of_rounds SELECT epoch, 0, digest FROM signatures;
DROP TABLE signatures;
ALTER TABLE signatures_of_rounds RENAME TO signatures;
