package extension

import (
	"bytes"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// having expects a row with the values of fields, given as pairs of a name and a text.
func having(pairs ...string) expectation {
	expected := expectation{fields: map[string]*string{}}
	for i := 0; i < len(pairs); i += 2 {
		expected.fields[pairs[i]] = &pairs[i+1]
	}
	return expected
}

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
	null := func(name string) expectation { return expectation{fields: map[string]*string{name: nil}} }
	tests := map[string]struct {
		expected expectation
		doc      document
		want     bool
	}{
		"present, nothing more asked":   {having(), present, true},
		"absent":                        {having(), nil, false},
		"a delete marker is not there":  {having("status", "new"), marker, false},
		"text":                          {having("status", "new"), present, true},
		"other text":                    {having("status", "old"), present, false},
		"one of two differs":            {having("status", "new", "count", "6"), present, false},
		"a missing field":               {having("city", "Bern"), present, false},
		"a missing field is not empty":  {having("city", ""), present, false},
		"null is not empty":             {having("note", ""), present, false},
		"null":                          {null("note"), present, true},
		"a missing field is null":       {null("city"), present, true},
		"empty is not null":             {null("status"), document{"status": ""}, false},
		"a whole number":                {having("count", "5"), present, true},
		"a large float has no exponent": {having("large", "12500000"), present, true},
		"a float":                       {having("half", "0.5"), present, true},
		"a decimal keeps its zeros":     {having("price", "12.50"), present, true},
		"a truth value":                 {having("on", "true"), present, true},
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
