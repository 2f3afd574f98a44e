"""Pages for people: login, authorization of apps, one's own apps, administration."""
