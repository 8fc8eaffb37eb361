// A program that embeds ngrok's SDK for Go. It does what it is asked, a line of JSON each on standard input, and says
// what came of it on standard output, and what happened meanwhile. When nobody can ask any more, it ends.
package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.ngrok.com/ngrok/v2"
	"golang.ngrok.com/ngrok/v2/rpc"
)

const client = "golang.ngrok.com/ngrok/v2"

type object = map[string]any

// What is asked for.
type asked struct {
	Do      string
	Session struct {
		Authtoken          string
		ServerAddr         string `json:"server_addr"`
		RootCAs            string `json:"root_cas"`
		Metadata           string
		HeartbeatInterval  time.Duration `json:"heartbeat_interval"`
		HeartbeatTolerance time.Duration `json:"heartbeat_tolerance"`
	}
	Proto   string
	Options object
	App     string
	ID      string
}

type agent struct {
	ngrok     ngrok.Agent
	endpoints map[string]ngrok.Endpoint
	app       app
}

func main() {
	tell(object{"client": client, "version": version()})
	agent := &agent{endpoints: map[string]ngrok.Endpoint{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked asked
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			breakOff(err)
		}
		done, err := agent.perform(asked)
		var refusal ngrok.Error
		switch {
		case err == nil:
			tell(object{"done": done})
		case errors.As(err, &refusal):
			tell(object{"refused": object{"message": refusal.Error(), "code": refusal.Code()}})
		default:
			breakOff(err)
		}
	}
}

func (a *agent) perform(asked asked) (object, error) {
	switch asked.Do {
	case "connect":
		return object{}, a.connect(asked)
	case "listen":
		return a.listen(asked)
	case "close":
		return object{}, a.endpoints[asked.ID].Close()
	case "close the session":
		return object{}, a.ngrok.Disconnect()
	case "tell what was seen":
		return object{"requests": a.app.seen()}, nil
	}
	return nil, fmt.Errorf("nobody knows how to %s", asked.Do)
}

// connect gives up when the service turns the agent away, which the SDK itself doesn't.
func (a *agent) connect(asked asked) error {
	session := asked.Session
	pem, err := os.ReadFile(session.RootCAs)
	if err != nil {
		return err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)
	// As long as the session.
	ctx, giveUp := context.WithCancel(context.Background())
	options := []ngrok.AgentOption{
		ngrok.WithAuthtoken(session.Authtoken),
		ngrok.WithAgentConnectURL(session.ServerAddr),
		ngrok.WithAgentConnectCAs(authorities),
		ngrok.WithAgentMetadata(session.Metadata),
		ngrok.WithEventHandler(func(event ngrok.Event) { happened(event, giveUp) }),
		ngrok.WithRPCHandler(command),
	}
	if session.HeartbeatInterval > 0 {
		options = append(options, ngrok.WithHeartbeatInterval(session.HeartbeatInterval*time.Second))
	}
	if session.HeartbeatTolerance > 0 {
		options = append(options, ngrok.WithHeartbeatTolerance(session.HeartbeatTolerance*time.Second))
	}
	if a.ngrok, err = ngrok.NewAgent(options...); err != nil {
		return err
	}
	return a.ngrok.Connect(ctx)
}

func happened(event ngrok.Event, giveUp context.CancelFunc) {
	switch event := event.(type) {
	case *ngrok.EventAgentHeartbeatReceived:
		tell(object{"event": "heartbeat", "latency": event.Latency.Milliseconds()})
	case *ngrok.EventAgentDisconnected:
		// The SDK says of refusals that they can be asked for their code, but not under its public name.
		var refusal interface{ ErrorCode() string }
		if errors.As(event.Error, &refusal) {
			giveUp()
		}
		tell(object{"event": "disconnection", "error": fmt.Sprint(event.Error)})
	}
}

func command(_ context.Context, _ ngrok.AgentSession, request rpc.Request) ([]byte, error) {
	names := map[string]string{
		rpc.StopAgentMethod:    "stop",
		rpc.RestartAgentMethod: "restart",
		rpc.UpdateAgentMethod:  "update",
	}
	tell(object{"event": names[request.Method()]})
	return nil, nil
}

func (a *agent) listen(asked asked) (object, error) {
	options, upstream, err := endpointOptions(asked)
	if err != nil {
		return nil, err
	}
	// What listens and forwards does so as long as this.
	ctx := context.Background()
	if asked.App != "own" {
		endpoint, err := a.ngrok.Forward(ctx, ngrok.WithUpstream(asked.App, upstream...), options...)
		if err != nil {
			return nil, err
		}
		return a.kept(endpoint), nil
	}
	endpoint, err := a.ngrok.Listen(ctx, options...)
	if err != nil {
		return nil, err
	}
	go http.Serve(endpoint, &a.app)
	return a.kept(endpoint), nil
}

func (a *agent) kept(endpoint ngrok.Endpoint) object {
	a.endpoints[endpoint.ID()] = endpoint
	return object{
		"id":       endpoint.ID(),
		"url":      strings.TrimSuffix(endpoint.URL().String(), "/"),
		"proto":    endpoint.Protocol(),
		"metadata": endpoint.Metadata(),
	}
}

var telling sync.Mutex

// tell says a line. Handlers are called in goroutines of the SDK's.
func tell(what object) {
	line, err := json.Marshal(what)
	if err != nil {
		breakOff(err)
	}
	telling.Lock()
	defer telling.Unlock()
	fmt.Println(string(line))
}

func breakOff(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// version is that of the SDK in this program.
func version() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == client {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return "of no module"
}
