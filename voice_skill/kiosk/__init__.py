"""The kiosk room: a page that shows the talk and takes presses, for who can't hear or can't speak. Not the talk itself."""
