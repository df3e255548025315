-- The single schema of v1.5, as v2.0 assumes it: design/backend/v1.5-baseline.md. Times are UTC. Rows are never deleted.
create table if not exists users (
  id bigint unsigned not null auto_increment primary key,
  public_id uuid not null,
  username varchar(24) character set ascii collate ascii_general_ci not null,
  password_hash varchar(255) character set ascii collate ascii_bin not null,
  role enum('player', 'moderator', 'admin') not null default 'player',
  banned tinyint not null default 0,
  created_at datetime(6) not null default current_timestamp(6),
  updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
  unique key users_public_id (public_id),
  unique key users_username (username),
  key users_updated_at (updated_at)
) engine = InnoDB;
create table if not exists sessions (
  id bigint unsigned not null auto_increment primary key,
  token_hash binary(32) not null,
  user_id bigint unsigned not null,
  revoked tinyint not null default 0,
  created_at datetime(6) not null default current_timestamp(6),
  expires_at datetime(6) not null,
  updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
  unique key sessions_token_hash (token_hash),
  key sessions_user (user_id),
  key sessions_updated_at (updated_at)
) engine = InnoDB;
create table if not exists matches (
  id bigint unsigned not null auto_increment primary key,
  public_id uuid not null,
  mode varchar(32) character set ascii collate ascii_bin not null,
  status enum('running', 'finished', 'aborted') not null,
  started_at datetime(6) not null default current_timestamp(6),
  finished_at datetime(6) null,
  updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
  unique key matches_public_id (public_id),
  key matches_updated_at (updated_at)
) engine = InnoDB;
create table if not exists match_players (
  id bigint unsigned not null auto_increment primary key,
  match_id bigint unsigned not null,
  seat tinyint unsigned not null,
  user_id bigint unsigned not null,
  score int null,
  place tinyint unsigned null,
  updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
  unique key match_players_seat (match_id, seat),
  key match_players_user (user_id, match_id),
  key match_players_updated_at (updated_at)
) engine = InnoDB;
create table if not exists ratings (
  id bigint unsigned not null auto_increment primary key,
  user_id bigint unsigned not null,
  mode varchar(32) character set ascii collate ascii_bin not null,
  rating int not null,
  games int unsigned not null,
  updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
  unique key ratings_user_mode (user_id, mode),
  key ratings_updated_at (updated_at)
) engine = InnoDB;
create table if not exists messages (
  id bigint unsigned not null auto_increment primary key,
  -- global, match:<matches.public_id>, dm:<users.public_id>:<users.public_id> in order
  room varchar(100) character set ascii collate ascii_bin not null,
  user_id bigint unsigned not null,
  body varchar(500) character set utf8mb4 not null,
  deleted tinyint not null default 0,
  created_at datetime(6) not null default current_timestamp(6),
  edited_at datetime(6) null,
  updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
  key messages_room (room, id),
  key messages_updated_at (updated_at)
) engine = InnoDB;
