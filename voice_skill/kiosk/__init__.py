"""The kiosk room: a page that shows the talk and takes presses, for who can't hear or speak. Not the talk itself."""
