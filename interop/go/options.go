package main

import (
	"fmt"

	"golang.ngrok.com/ngrok/v2"
)

// endpointOptions are called as ngrok's other SDKs call them in `forward`. This SDK has few: the rest is traffic policy.
func endpointOptions(asked asked) (options []ngrok.EndpointOption, upstream []ngrok.UpstreamOption, err error) {
	scheme := asked.Proto
	if scheme == "http" {
		scheme = "https"
	}
	url := scheme + "://"
	for name, value := range asked.Options {
		switch name {
		case "app_protocol":
			upstream = append(upstream, ngrok.WithUpstreamProtocol(value.(string)))
		case "description":
			options = append(options, ngrok.WithDescription(value.(string)))
		case "domain", "remote_addr":
			url += value.(string)
		case "metadata":
			options = append(options, ngrok.WithMetadata(value.(string)))
		case "name":
			options = append(options, ngrok.WithName(value.(string)))
		case "pooling_enabled":
			options = append(options, ngrok.WithPoolingEnabled(value.(bool)))
		case "proxy_proto":
			version := ngrok.ProxyProtoVersion("v" + value.(string))
			upstream = append(upstream, ngrok.WithUpstreamProxyProto(version))
		case "traffic_policy":
			options = append(options, ngrok.WithTrafficPolicy(value.(string)))
		default:
			return nil, nil, fmt.Errorf("there is no option %s", name)
		}
	}
	return append(options, ngrok.WithURL(url)), upstream, nil
}
