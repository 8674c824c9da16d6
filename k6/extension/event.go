package extension

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Debezium writes an event in its envelope (`before`, `after`, `source`, `op`) or, after ExtractNewRecordState,
// flattened: the row's columns, and metadata with the prefix `__`. The JSON converter puts either, and the key, into
// {"schema": ..., "payload": ...} if schemas are enabled. The form is detected for each record.
// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
// https://debezium.io/documentation/reference/stable/transformations/event-flattening.html

// keyOf returns the text of a record's key: that of its value, or a JSON array of the values of a composite key, in
// the order of the columns.
func keyOf(key []byte, columns []string) (string, error) {
	if len(key) == 0 {
		return "", errors.New("a record has no key")
	}
	body := payloadOf(key)
	if !isObject(body) && len(columns) == 1 && json.Valid(body) && string(body) != "null" {
		// A transform such as ExtractField has left the value alone.
		return keyText(body), nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return "", errors.New("the key of a record is not a JSON object")
	}
	values := make([]json.RawMessage, 0, len(columns))
	for _, column := range columns {
		value, ok := fields[column]
		if !ok || string(value) == "null" {
			return "", fmt.Errorf("the key of a record has no %s", column)
		}
		values = append(values, value)
	}
	if len(values) > 1 {
		return compositeKey(values), nil
	}
	return keyText(values[0]), nil
}

// keyText returns the content of a JSON string, and other JSON as it is written.
func keyText(value []byte) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// compositeKey returns the JSON array of values, each without spaces and with escapes only where JSON needs them, as
// JSON.stringify writes it.
func compositeKey(values []json.RawMessage) string {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	for index, value := range values {
		encoded.WriteByte("[,"[min(index, 1)])
		var text string
		if json.Unmarshal(value, &text) != nil {
			encoded.Write(value)
			continue
		}
		// A string can always be encoded. The encoder ends it with a line feed.
		_ = encoder.Encode(text)
		encoded.Truncate(encoded.Len() - 1)
	}
	encoded.WriteByte(']')
	return encoded.String()
}

// rowOf returns the row as it is after an event, or nil if the event deleted it. Numbers are text, as they are written
// in the event, so that the zeros of a decimal are kept.
func rowOf(value []byte) (document, error) {
	if len(value) == 0 {
		// A tombstone.
		return nil, nil
	}
	body := payloadOf(value)
	if string(body) == "null" {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var fields document
	if err := decoder.Decode(&fields); err != nil {
		return nil, errors.New("the value of a record is not a JSON object")
	}
	if isEnvelope(fields) {
		if fields["op"] == "d" {
			return nil, nil
		}
		after, ok := fields["after"].(document)
		if !ok {
			return nil, errors.New("an event has no row after it")
		}
		return withNumbersAsText(after), nil
	}
	if fields["__op"] == "d" || fields["__deleted"] == "true" || fields["__deleted"] == true {
		return nil, nil
	}
	return withNumbersAsText(fields), nil
}

// isEnvelope tells Debezium's envelope from a row that happens to have a column `op`: no column is an object, as
// `source` is.
func isEnvelope(fields document) bool {
	_, hasSource := fields["source"].(document)
	_, hasOp := fields["op"].(string)
	_, isFlat := fields["__op"]
	return hasSource && hasOp && !isFlat
}

// payloadOf returns the payload of JSON with a schema, and other JSON as it is.
func payloadOf(data []byte) []byte {
	data = bytes.TrimSpace(data)
	if !bytes.HasPrefix(data, []byte("{")) || !bytes.Contains(data, []byte(`"payload"`)) {
		return data
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return data
	}
	schema, hasSchema := fields["schema"]
	payload, hasPayload := fields["payload"]
	if len(fields) != 2 || !hasSchema || !hasPayload || !(isObject(schema) || string(schema) == "null") {
		return data
	}
	return payload
}

func isObject(data []byte) bool {
	return bytes.HasPrefix(data, []byte("{"))
}

func withNumbersAsText(fields document) document {
	for name, value := range fields {
		if number, ok := value.(json.Number); ok {
			fields[name] = number.String()
		}
	}
	return fields
}
