// A minimal relay in Go with gorilla's websocket: what people would write instead.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{}

func relay(out http.ResponseWriter, request *http.Request) {
	socket, err := upgrader.Upgrade(out, request, nil)
	if err != nil {
		return
	}
	defer socket.Close()
	buffer := make([]byte, 64*1024)
	for {
		_, message, err := socket.ReadMessage()
		if err != nil {
			return
		}
		question, _ := json.Marshal(map[string]string{"agent_id": "a", "message": string(message)})
		url := os.Getenv("PROVIDER_URL") + "/v1/public/chat"
		answer, err := http.Post(url, "application/json", bytes.NewReader(question))
		if err != nil {
			return
		}
		for {
			count, err := answer.Body.Read(buffer)
			if count > 0 && socket.WriteMessage(websocket.TextMessage, buffer[:count]) != nil {
				answer.Body.Close()
				return
			}
			if err != nil {
				break
			}
		}
		answer.Body.Close()
		if socket.WriteMessage(websocket.TextMessage, []byte("[DONE]")) != nil {
			return
		}
	}
}

func main() {
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 1000
	http.HandleFunc("/", relay)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
