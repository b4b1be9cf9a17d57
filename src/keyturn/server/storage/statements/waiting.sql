-- name: announce
-- Where the database can notify, its driver has a statement of its own in this one's place.
SELECT :topic AS topic;
