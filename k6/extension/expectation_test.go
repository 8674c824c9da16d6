package extension

import (
	"bytes"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestExpectation(t *testing.T) {
	decimal, err := bson.ParseDecimal128("12.50")
	if err != nil {
		t.Fatal(err)
	}
	present := document{
		"_id": "a", "status": "new", "count": int32(5), "large": 12500000.0, "half": 0.5, "price": decimal, "on": true,
		"note": nil, "_cdc": document{"op": "u"},
	}
	marker := document{"_id": "a", "status": "new", "_cdc": document{"op": "d"}}
	fields := func(pairs ...string) expectation {
		expected := expectation{fields: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			expected.fields[pairs[i]] = pairs[i+1]
		}
		return expected
	}
	tests := map[string]struct {
		expected expectation
		doc      document
		want     bool
	}{
		"present, nothing more asked":   {fields(), present, true},
		"absent":                        {fields(), nil, false},
		"a delete marker is not there":  {fields("status", "new"), marker, false},
		"text":                          {fields("status", "new"), present, true},
		"other text":                    {fields("status", "old"), present, false},
		"one of two differs":            {fields("status", "new", "count", "6"), present, false},
		"a missing field":               {fields("city", "Bern"), present, false},
		"a missing field is not empty":  {fields("city", ""), present, false},
		"null is not empty":             {fields("note", ""), present, false},
		"a whole number":                {fields("count", "5"), present, true},
		"a large float has no exponent": {fields("large", "12500000"), present, true},
		"a float":                       {fields("half", "0.5"), present, true},
		"a decimal keeps its zeros":     {fields("price", "12.50"), present, true},
		"a truth value":                 {fields("on", "true"), present, true},
		"deleted: absent":               {expectation{deleted: true}, nil, true},
		"deleted: a marker":             {expectation{deleted: true}, marker, true},
		"deleted: still there":          {expectation{deleted: true}, present, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.expected.metBy(test.doc); got != test.want {
				t.Errorf("metBy = %v", got)
			}
		})
	}
}

func TestADeleteMarkerIsKnownAsItComesFromTheServer(t *testing.T) {
	raw, err := bson.Marshal(bson.D{{Key: "_id", Value: "a"}, {Key: "_cdc", Value: bson.D{{Key: "op", Value: "d"}}}})
	if err != nil {
		t.Fatal(err)
	}
	var decoded bson.M
	// As the client does with DefaultDocumentM.
	decoder := bson.NewDecoder(bson.NewDocumentReader(bytes.NewReader(raw)))
	decoder.DefaultDocumentM()
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	if !isDeleted(plain(decoded)) {
		t.Errorf("%#v is not taken for a delete marker", decoded)
	}
}
