-- Which namespaces a run watched, as `,one,other,`; NULL is all. A moment is shown to those who see no more than its run saw.
ALTER TABLE segments ADD COLUMN namespaces TEXT;

UPDATE segments SET namespaces = (
    SELECT REPLACE(REPLACE(REPLACE(watched.namespaces, '[', ','), ']', ','), '"', '')
    FROM watches AS watched
    WHERE watched.cluster = segments.cluster AND watched.run = segments.run AND watched.namespaces <> 'null'
    LIMIT 1
);
