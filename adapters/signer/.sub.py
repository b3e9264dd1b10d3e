def sub(path, *pairs):
    text = open(path).read()
    for old, new in pairs:
        assert text.count(old) == 1, (path, text.count(old), old)
        text = text.replace(old, new)
    open(path, 'w').write(text)
