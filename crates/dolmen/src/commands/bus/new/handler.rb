#!/usr/bin/env ruby
# Handles one message. Its body is on standard input, the rest in DOLMEN_MESSAGE_ID,
# DOLMEN_ROUTING_KEY and DOLMEN_ATTEMPT. The exit code says what came of it:
#   0 done, 69 what it needs is not there (again later), 65 it cannot be (a person looks at it).
# A message may come twice: what is done here must bear that.
require "json"

message = JSON.parse($stdin.read)
if message["name"] == "nobody"
  warn "there is no such person"
  exit 65
end
File.open("greetings.txt", "a") do |greetings|
  greetings.puts "#{ENV.fetch("DOLMEN_MESSAGE_ID")} #{JSON.generate(message)}"
end
