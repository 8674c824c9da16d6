package extension

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongodbSink is a MongoDB database whose documents have the row's key, as text, for their _id.
type mongodbSink struct {
	database    *mongo.Database
	interval    time.Duration
	collections shared[string, *collection]
}

func newMongodbSink(given sinkOptions, interval time.Duration) (*mongodbSink, error) {
	connected, err := mongo.Connect(options.Client().ApplyURI(given.MongodbURI).
		SetAppName("k6").
		SetMaxPoolSize(uint64(given.MaxConnections)).
		SetConnectTimeout(connectTimeout).
		SetServerSelectionTimeout(connectTimeout).
		// Nested documents are maps, as those on top are.
		SetBSONOptions(&options.BSONOptions{DefaultDocumentM: true}))
	if err != nil {
		return nil, errors.New("mongodb: " + withoutQuotedEscape(err.Error()))
	}
	return &mongodbSink{database: connected.Database(given.MongodbDatabase), interval: interval}, nil
}

// withoutQuotedEscape removes what the driver quotes of a password that is not escaped: three characters of it.
func withoutQuotedEscape(message string) string {
	const reason = "invalid URL escape"
	before, _, found := strings.Cut(message, reason)
	if !found {
		return message
	}
	return before + reason
}

func (s *mongodbSink) ping(ctx context.Context) error {
	if err := s.database.Client().Ping(ctx, nil); err != nil {
		return fmt.Errorf("mongodb: %w", err)
	}
	return nil
}

func (s *mongodbSink) target(to mapping) (target, error) {
	return s.collections.get(to.Target, func() (*collection, error) {
		documents := s.database.Collection(to.Target)
		return &collection{documents: documents, poller: newPoller(findIn(documents), s.interval)}, nil
	})
}

// collection is a MongoDB collection.
type collection struct {
	documents *mongo.Collection
	*poller
}

func (c *collection) find(ctx context.Context, id string) (document, error) {
	var found bson.M
	err := c.documents.FindOne(ctx, bson.M{"_id": id}).Decode(&found)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mongodb: %w", err)
	}
	return plain(found), nil
}

// findIn returns the finder that a collection's poller asks.
func findIn(documents *mongo.Collection) finder {
	// One batch: a second one would be a second round trip.
	inOneBatch := options.Find().SetBatchSize(maxIDs + 1)
	return func(ctx context.Context, ids, _ []string) (map[string]document, error) {
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
