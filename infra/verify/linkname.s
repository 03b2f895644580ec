// Empty: lets main.go declare functions without bodies (go:linkname).
