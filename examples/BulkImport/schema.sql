CREATE TABLE IF NOT EXISTS airports (
    code text PRIMARY KEY,
    city text NOT NULL,
    country text NOT NULL,
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180)
);
