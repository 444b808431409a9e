package rig

import (
	"crypto/tls"
	"net"
	"sync"
	"testing"
)

// Proxy is a network between a client and a server that can be cut: connections stay open and can
// even be made, but no byte moves. What was under way arrives when the network is mended, however
// late, as with the real thing.
type Proxy struct {
	listener net.Listener
	target   string
	port     int

	mutex   sync.Mutex
	moves   *sync.Cond
	isCut   bool
	isEnded bool
	ends    map[net.Conn]bool
	running sync.WaitGroup
}

// StartProxy forwards connections to a server until the test ends.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	return startProxy(t, target, func(listener net.Listener) net.Listener { return listener })
}

// StartTLSProxy does the same, and speaks TLS to its clients, with HTTP/2 within, under a certificate.
func StartTLSProxy(t testing.TB, target string, certificate Certificate) *Proxy {
	t.Helper()
	own, err := tls.X509KeyPair([]byte(certificate.PEM), []byte(certificate.Key))
	if err != nil {
		t.Fatal(err)
	}
	return startProxy(t, target, func(listener net.Listener) net.Listener {
		return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}})
	})
}

func startProxy(t testing.TB, target string, over func(net.Listener) net.Listener) *Proxy {
	t.Helper()
	p := &Proxy{target: target, port: port(t), ends: map[net.Conn]bool{}}
	p.moves = sync.NewCond(&p.mutex)
	listener, err := net.Listen("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	p.listener = over(listener)
	p.running.Go(p.accept)
	t.Cleanup(p.stop)
	return p
}

// Address is host:port.
func (p *Proxy) Address() string { return loopback(p.port) }

// Cut stops every byte.
func (p *Proxy) Cut() { p.set(func() { p.isCut = true }) }

// Mend lets them go on.
func (p *Proxy) Mend() { p.set(func() { p.isCut = false }) }

func (p *Proxy) set(change func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change()
	p.moves.Broadcast()
}

func (p *Proxy) stop() {
	p.listener.Close()
	p.set(func() {
		p.isEnded = true
		for end := range p.ends {
			end.Close()
		}
	})
	p.running.Wait()
}

// pass waits while the network is cut; false when it has ended.
func (p *Proxy) pass() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for p.isCut && !p.isEnded {
		p.moves.Wait()
	}
	return !p.isEnded
}

// keep remembers a connection, to be closed at the end; false, and it is closed, when that has come.
func (p *Proxy) keep(end net.Conn) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.isEnded {
		end.Close()
		return false
	}
	p.ends[end] = true
	return true
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.keep(client) {
			p.running.Go(func() { p.connect(client) })
		}
	}
}

func (p *Proxy) connect(client net.Conn) {
	if !p.pass() {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.keep(server) {
		p.forget(client)
		return
	}
	p.running.Go(func() { p.copy(server, client) })
	p.copy(client, server)
}

// copy moves bytes until either side is gone, and then takes the other with it.
func (p *Proxy) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !p.pass() {
			return
		}
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			p.forget(from)
			p.forget(to)
			return
		}
	}
}

func (p *Proxy) forget(end net.Conn) {
	p.set(func() { delete(p.ends, end) })
	end.Close()
}
