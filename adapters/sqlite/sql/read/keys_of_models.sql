-- The tables of all versions in the file: their keys begin with the build.
SELECT object.name, group_concat(key.name, ', ' ORDER BY key.pk)
FROM sqlite_schema AS object JOIN pragma_table_info(object.name) AS key ON key.pk > 0
WHERE object.type = 'table'
GROUP BY object.name
HAVING max(key.name = 'build' AND key.pk = 1);
