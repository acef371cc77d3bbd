// One client of Redis in Go, driven into one kind of trouble; it logs as an application would.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

func ready() { fmt.Println("READY"); bufio.NewReader(os.Stdin).ReadString('\n') }

func main() {
	log.SetOutput(os.Stdout)
	kind, host, port, password, situation := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	address := host + ":" + port
	held := situation == "hung" || situation == "killed"
	if kind == "go-redis" {
		size := 10
		if situation == "pool" {
			size = 1
		}
		client := goredis.NewClient(&goredis.Options{Addr: address, Password: password, DialTimeout: 300 * time.Millisecond, ReadTimeout: 300 * time.Millisecond, PoolSize: size, PoolTimeout: 200 * time.Millisecond, MaxRetries: -1})
		ctx := context.Background()
		if held {
			client.Set(ctx, "a", 1, 0)
			ready()
		}
		if situation == "pool" {
			client.Conn().Ping(ctx)
			c := client.Conn()
			c.Ping(ctx)
			defer c.Close()
		}
		if err := client.Set(ctx, "quote:1", "1", 0).Err(); err != nil {
			log.Printf("set quote: %v", err)
		}
		if err := client.Publish(ctx, "quotes", "1").Err(); err != nil {
			log.Printf("publish quote: %v", err)
		}
		return
	}
	if kind == "rueidis" {
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, Password: password, Dialer: net.Dialer{Timeout: 300 * time.Millisecond}, ConnWriteTimeout: 300 * time.Millisecond, DisableRetry: true, BlockingPoolSize: 1})
		if err != nil {
			log.Printf("connect: %v", err)
			return
		}
		ctx := context.Background()
		if held {
			client.Do(ctx, client.B().Set().Key("a").Value("1").Build())
			ready()
		}
		if err := client.Do(ctx, client.B().Set().Key("quote:1").Value("1").Build()).Error(); err != nil {
			log.Printf("set quote: %v", err)
		}
		within, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		if err := client.Do(within, client.B().Publish().Channel("quotes").Message("1").Build()).Error(); err != nil {
			log.Printf("publish quote: %v", err)
		}
		return
	}
	pool := &redigo.Pool{MaxActive: 1, Dial: func() (redigo.Conn, error) {
		return redigo.Dial("tcp", address, redigo.DialPassword(password), redigo.DialConnectTimeout(300*time.Millisecond), redigo.DialReadTimeout(300*time.Millisecond))
	}}
	if situation != "pool" {
		pool.MaxActive = 0
		pool.MaxIdle = 3
	}
	if held {
		c := pool.Get()
		c.Do("SET", "a", "1")
		c.Close()
		ready()
	}
	if situation == "pool" {
		c := pool.Get()
		defer c.Close()
	}
	for _, command := range []string{"SET", "PUBLISH"} {
		c := pool.Get()
		if _, err := c.Do(command, "quotes", "1"); err != nil {
			log.Printf("%s quote: %v", command, err)
		}
		c.Close()
	}
}
