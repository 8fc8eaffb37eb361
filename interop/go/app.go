package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// app is what is behind a tunnel: it says what it was asked.
type app struct {
	lock     sync.Mutex
	requests []object
}

func (a *app) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	headers := object{"host": request.Host}
	for name, values := range request.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	seen := object{"method": request.Method, "url": request.URL.RequestURI(), "headers": headers}
	a.lock.Lock()
	a.requests = append(a.requests, seen)
	a.lock.Unlock()
	response.Header().Set("content-type", "application/json")
	json.NewEncoder(response).Encode(seen)
}

// seen is the requests until now.
func (a *app) seen() []object {
	a.lock.Lock()
	defer a.lock.Unlock()
	return append([]object{}, a.requests...)
}
