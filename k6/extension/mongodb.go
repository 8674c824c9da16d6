package extension

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.k6.io/k6/js/modules"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// defaultPollInterval is the least time, in milliseconds, between the starts of two queries of a poller.
const defaultPollInterval = 2

type mongodbOptions struct {
	MaxConnections uint64  `js:"maxConnections"`
	PollInterval   float64 `js:"pollInterval"`
}

type clientKey struct {
	uri     string
	options mongodbOptions
}

// client is one MongoDB client with the pollers of its collections.
type client struct {
	mongo    *mongo.Client
	interval time.Duration
	pollers  shared[collectionKey, *poller]
}

type collectionKey struct{ database, name string }

// mongodb is a MongoDB server as one virtual user sees it.
type mongodb struct {
	vu     modules.VU
	client *client
}

// mongodb returns the server behind a URI, shared by all virtual users. Nothing is connected until it is used.
func (i *instance) mongodb(uri string, given mongodbOptions) (*mongodb, error) {
	if given.MaxConnections == 0 {
		given.MaxConnections = defaultMaxConnections
	}
	if given.PollInterval == 0 {
		given.PollInterval = defaultPollInterval
	}
	interval, err := positive("pollInterval", given.PollInterval)
	if err != nil {
		return nil, err
	}
	shared, err := i.clients.get(clientKey{uri, given}, func() (*client, error) {
		connected, err := mongo.Connect(options.Client().ApplyURI(uri).
			SetAppName("k6").
			SetMaxPoolSize(given.MaxConnections).
			SetConnectTimeout(connectTimeout).
			SetServerSelectionTimeout(connectTimeout).
			// Nested documents are maps, as those on top are.
			SetBSONOptions(&options.BSONOptions{DefaultDocumentM: true}))
		if err != nil {
			return nil, fmt.Errorf("mongodb: %w", err)
		}
		return &client{mongo: connected, interval: interval}, nil
	})
	if err != nil {
		return nil, err
	}
	return &mongodb{vu: i.vu, client: shared}, nil
}

// Ping fails unless the server answers.
func (m *mongodb) Ping(timeoutMs float64) error {
	ctx, cancel, err := deadline(m.vu, timeoutMs)
	if err != nil {
		return err
	}
	defer cancel()
	if err := m.client.mongo.Ping(ctx, nil); err != nil {
		return fmt.Errorf("mongodb: %w", err)
	}
	return nil
}

// Collection returns a collection; its poller is shared by all virtual users.
func (m *mongodb) Collection(database, name string) (*collection, error) {
	documents := m.client.mongo.Database(database).Collection(name)
	waits, err := m.client.pollers.get(collectionKey{database, name}, func() (*poller, error) {
		return newPoller(findIn(documents), m.client.interval), nil
	})
	if err != nil {
		return nil, err
	}
	return &collection{vu: m.vu, documents: documents, poller: waits}, nil
}

// collection is a MongoDB collection as one virtual user sees it.
type collection struct {
	vu        modules.VU
	documents *mongo.Collection
	poller    *poller
}

type findOptions struct {
	// Fields lists the top-level fields to return besides _id; all of them if empty.
	Fields  []string `js:"fields"`
	Timeout float64  `js:"timeout"`
}

// FindOne returns the document with an _id, or null.
func (c *collection) FindOne(id string, given findOptions) (document, error) {
	ctx, cancel, err := deadline(c.vu, given.Timeout)
	if err != nil {
		return nil, err
	}
	defer cancel()
	query := options.FindOne()
	if len(given.Fields) > 0 {
		projection := bson.M{}
		for _, field := range given.Fields {
			projection[field] = 1
		}
		query.SetProjection(projection)
	}
	var found bson.M
	err = c.documents.FindOne(ctx, bson.M{"_id": id}, query).Decode(&found)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mongodb: %w", err)
	}
	return plain(found), nil
}

type waitOptions struct {
	// Fields are the values that top-level fields must have, as text.
	Fields map[string]string `js:"fields"`
	// Deleted waits for the document to be absent or marked as deleted.
	Deleted bool    `js:"deleted"`
	Timeout float64 `js:"timeout"`
}

// Wait waits for a document to be as expected. A time-out and failing queries are outcomes in the result; only a
// wrong call is an error.
func (c *collection) Wait(id string, given waitOptions) (*waitResult, error) {
	timeout, err := positive("timeout", given.Timeout)
	if err != nil {
		return nil, err
	}
	if given.Deleted && len(given.Fields) > 0 {
		return nil, errors.New("a deleted document has no fields to wait for")
	}
	if c.vu.State() == nil {
		return nil, errInit
	}
	expected := expectation{deleted: given.Deleted, fields: given.Fields}
	result := c.poller.wait(c.vu.Context(), id, expected, timeout)
	return &result, nil
}

// findIn returns the finder that a collection's poller asks.
func findIn(documents *mongo.Collection) finder {
	// One batch: a second one would be a second round trip.
	inOneBatch := options.Find().SetBatchSize(maxIDs + 1)
	return func(ctx context.Context, ids []string) (map[string]document, error) {
		cursor, err := documents.Find(ctx, bson.M{"_id": bson.M{"$in": ids}}, inOneBatch)
		if err != nil {
			return nil, fmt.Errorf("mongodb: %w", err)
		}
		var found []bson.M
		if err := cursor.All(ctx, &found); err != nil {
			return nil, fmt.Errorf("mongodb: %w", err)
		}
		byID := make(map[string]document, len(found))
		for _, doc := range found {
			if id, ok := doc["_id"].(string); ok {
				byID[id] = plain(doc)
			}
		}
		return byID, nil
	}
}

// plain turns bson.M, on every level of nesting, into the type that the rest of the package knows.
func plain(doc bson.M) document {
	for name, value := range doc {
		if nested, ok := value.(bson.M); ok {
			doc[name] = plain(nested)
		}
	}
	return doc
}
