CREATE TABLE IF NOT EXISTS guestbook (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    message text NOT NULL,
    region text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now()
);
